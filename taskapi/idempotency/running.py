"""Requests with an idempotency key that are running, on SQLite.

PostgreSQL makes a second request wait for the row that the first one inserts. SQLite
has one writer at a time, and a second request cannot find out whether the writer has
the same key. So each running request locks one byte of a file next to the database. All
processes see these locks, and the kernel releases them when a process ends.
"""

import fcntl
import os
import time
from functools import cache
from threading import Condition

from taskapi.server.scheduling import release_slot

POLL_SECONDS = 0.02
"""Interval of attempts, since other processes cannot notify this one."""

HEX_DIGITS = 15
"""Length of the hash prefix that becomes an offset: offsets in a file have 63 bits.

Two different keys share an offset once in 2^60 cases; one then waits needlessly.
"""


class RunningRequests:
    """Running requests of this process, and the lock file shared with others."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.file: int | None = None
        self.offsets: set[int] = set()
        self.condition = Condition()

    def begin(self, subject: str, timeout: float) -> bool:
        """Register a request; return False if another one runs after `timeout` seconds.

        The subject is the hexadecimal hash of user, operation and key.
        """
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
        """Unregister a request, so that the next one with its key can begin."""
        offset = int(subject[:HEX_DIGITS], 16)
        with self.condition:
            self.offsets.remove(offset)
            if self.file is not None:
                fcntl.lockf(self.file, fcntl.LOCK_UN, 1, offset)
            self.condition.notify_all()

    def _lock(self, offset: int) -> bool:
        """Return whether a byte could be locked.

        Also return True if the file cannot be used; the unique constraint of the table
        then still prevents a second effect.
        """
        try:
            if self.file is None:
                self.file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset)
        except (BlockingIOError, PermissionError):
            return self.file is None
        except OSError:  # a full disk, or a file system without locks
            return True
        return True


# Cached: these locks belong to a process, and closing a second descriptor of the file
# would release all of them.
@cache
def of_database(path: str) -> RunningRequests:
    """Return the running requests of the database at a path."""
    return RunningRequests(f"{path}.requests")
