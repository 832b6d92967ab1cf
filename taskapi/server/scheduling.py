"""Which requests a worker takes up: one after the other, while they keep it busy.

Threads of one interpreter compete for it, and each change between them costs: sixteen
at work spent a third of their time so. Here a request begins when the one before has
ended, steps aside because it will wait for something, or took a moment.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Request = TypeVar("Request", bound=Hashable)

SLOT_SECONDS = 0.01


class Scheduler(Generic[Request]):
    """The requests of a worker that wait, and those that began just now."""

    def __init__(self) -> None:
        self.waiting: deque[Request] = deque()
        self.busy: dict[Request, float] = {}

    def due(self) -> Iterator[Request]:
        """Yield who may begin now, in the order of their coming."""
        now = time.monotonic()
        while self.waiting and not any(until > now for until in self.busy.values()):
            request = self.waiting.popleft()
            self.busy[request] = now + SLOT_SECONDS
            yield request

    def end(self, request: Request) -> None:
        """Let others begin: a request has ended, or stepped aside."""
        self.busy.pop(request, None)


this_thread = threading.local()


@contextmanager
def turn(end: Callable[[], None]) -> Iterator[None]:
    """Do in the block what a request asks for; it may step aside once."""
    this_thread.end = end
    yield
    this_thread.end = None


def release_slot() -> None:
    """Let other requests begin before this one waits; outside of one do nothing."""
    end = getattr(this_thread, "end", None)
    if end:
        this_thread.end = None
        end()
