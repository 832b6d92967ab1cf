"""The writers of one process on SQLite, which has one writer at a time.

They wait here, before they take a connection: the connections stay free for reads.
"""

import time
from threading import Condition

from taskapi.server.scheduling import release_slot

STUCK_SECONDS = 0.5
"""A writer that takes longer is not writing, but waits for another process itself."""


class WriteQueue:
    """A lock with a bounded wait, and few that wait for a writer that is stuck."""

    def __init__(self) -> None:
        self.condition = Condition()
        self.began_at: float | None = None
        self.waiting = 0

    def acquire(self, timeout: float, *, patient: int) -> bool:
        """Return whether this thread may write, within a timeout in seconds.

        While the writer is stuck only as many threads wait as are `patient`: the others
        are needed for reads.
        """
        with self.condition:
            if self.began_at is not None and timeout > 0:
                release_slot()
            until = time.monotonic() + timeout
            must_hurry = self.waiting >= patient
            self.waiting += 1
            try:
                while self.began_at is not None:
                    stuck_at = self.began_at + STUCK_SECONDS
                    wait_until = min(until, stuck_at) if must_hurry else until
                    notified = self.condition.wait(
                        max(0, wait_until - time.monotonic())
                    )
                    if not notified and self.began_at is not None:
                        return False
            finally:
                self.waiting -= 1
            self.began_at = time.monotonic()
            return True

    def release(self) -> None:
        """Let the next writer in."""
        with self.condition:
            self.began_at = None
            self.condition.notify()
