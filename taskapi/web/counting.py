"""Where requests are counted: in this process, or in a Redis for all of them."""

import time
from threading import Lock

from limits.storage import RedisStorage, Storage

SWEEP_SECONDS = 60


class Memory(Storage):
    """A number and its end for each key; the library's own starts threads to forget.

    What is over is forgotten once a minute, by whoever counts then.
    """

    base_exceptions = ValueError

    def __init__(self) -> None:
        super().__init__()
        self.windows: dict[str, tuple[int, float]] = {}
        self.sweep_at = 0.0
        self.lock = Lock()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, and begin a window of `expiry` seconds where none is open."""
        now = time.time()
        with self.lock:
            if now >= self.sweep_at:
                self._sweep(now)
            number, end = self.windows.get(key, (0, 0.0))
            if end <= now:
                number, end = 0, now + expiry
            self.windows[key] = number + amount, end
        return number + amount

    def get(self, key: str) -> int:
        """Return the number of the open window."""
        number, end = self.windows.get(key, (0, 0.0))
        return number if end > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """Return the moment when the window ends."""
        return self.windows.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        """Tell that it works."""
        return True

    def reset(self) -> None:
        """Forget everything."""
        self.windows.clear()

    def clear(self, key: str) -> None:
        """Forget a key."""
        self.windows.pop(key, None)

    def _sweep(self, now: float) -> None:
        self.windows = {k: w for k, w in self.windows.items() if w[1] > now}
        self.sweep_at = now + SWEEP_SECONDS


class Store(RedisStorage):
    """A Redis that says to the millisecond when a window ends: its TTL is rounded."""

    def get_expiry(self, key: str) -> float:
        """Return the moment when the window ends."""
        left: int = self.storage.pttl(self.prefixed_key(key))
        return max(left, 0) / 1000 + time.time()
