"""Limit of the requests that one user has in progress in this worker.

Requests of a user can wait for each other, such as for a locked row. The limit keeps
them from using up the threads and connections that other users of the worker need.
Each worker counts by itself, which costs one to two microseconds per request.
"""

from threading import Lock
from typing import TYPE_CHECKING

from flask import Flask, current_app, g

from taskapi.errors import RateLimited
from taskapi.observability import metrics

if TYPE_CHECKING:
    from config import Settings

MESSAGE = (
    "Too many of your requests are in progress. Wait until some of them have ended."
)


class Counter:
    """The number of requests in progress by user id."""

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.numbers: dict[int, int] = {}
        self.lock = Lock()

    def begin(self, user_id: int) -> bool:
        """Count a request; return False if the user has reached the maximum."""
        with self.lock:
            number = self.numbers.get(user_id, 0)
            if number >= self.maximum:
                return False
            self.numbers[user_id] = number + 1
        return True

    def end(self, user_id: int) -> None:
        """Remove a counted request."""
        with self.lock:
            number = self.numbers[user_id] - 1
            if number:
                self.numbers[user_id] = number
            else:
                del self.numbers[user_id]


def init_app(app: Flask, settings: "Settings") -> None:
    """Create the counter; by default a user may occupy half of the threads."""
    maximum = settings.max_requests_in_progress or max(1, settings.threads // 2)
    app.extensions["in_progress"] = Counter(maximum)
    app.teardown_request(_end)


def begin() -> None:
    """Count the request until it has ended; raises RateLimited above the maximum."""
    if "in_progress" in g:  # the transaction is retried
        return
    user_id = g.caller.id
    counter: Counter = current_app.extensions["in_progress"]
    if not counter.begin(user_id):
        metrics.count_limit("in-progress")
        raise RateLimited(MESSAGE, retry_after=1)
    g.in_progress = user_id


def _end(_error: BaseException | None) -> None:
    """Remove the request; a streamed response has been sent by now."""
    user_id = g.pop("in_progress", None)
    if user_id is not None:
        current_app.extensions["in_progress"].end(user_id)
