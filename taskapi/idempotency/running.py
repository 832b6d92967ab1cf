"""The requests with an Idempotency-Key that are running, on SQLite.

PostgreSQL lets a second request wait for the row that the first one inserts. SQLite has
one writer at a time and cannot say for what it writes, so each running request locks
one byte of a file next to the database. All processes see these locks, and the kernel
releases them when a process ends.
"""

import fcntl
import os
import time
from functools import cache
from threading import Condition

from taskapi.server.scheduling import release_slot

POLL_SECONDS = 0.02
"""For requests of other processes, which cannot notify this one."""

HEX_DIGITS = 15
"""An offset in a file has 63 bits; two keys in 2^60 that share one wait in vain."""


class Running:
    """The running requests of this process, and a file for those of the others."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.file: int | None = None
        self.offsets: set[int] = set()
        self.condition = Condition()

    def begin(self, subject: str, timeout: float) -> bool:
        """Return whether no other request with the key runs, within seconds."""
        offset = int(subject[:HEX_DIGITS], 16)
        until = time.monotonic() + timeout
        with self.condition:
            while offset in self.offsets or not self._lock(offset):
                seconds = until - time.monotonic()
                if seconds <= 0:
                    return False
                release_slot()
                self.condition.wait(min(seconds, POLL_SECONDS))
            self.offsets.add(offset)
        return True

    def end(self, subject: str) -> None:
        """Let the next request with the key begin."""
        offset = int(subject[:HEX_DIGITS], 16)
        with self.condition:
            self.offsets.remove(offset)
            if self.file is not None:
                fcntl.lockf(self.file, fcntl.LOCK_UN, 1, offset)
            self.condition.notify_all()

    def _lock(self, offset: int) -> bool:
        """Lock a byte; without a file the constraint of the table must be enough."""
        try:
            if self.file is None:
                self.file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset)
        except (BlockingIOError, PermissionError):
            return self.file is None
        except OSError:  # a full disk, or a file system without locks
            return True
        return True


@cache  # these locks belong to a process, so it may open the file only once
def at(database: str) -> Running:
    """Return the running requests of a database."""
    return Running(f"{database}.requests")
