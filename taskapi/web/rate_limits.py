"""Limits of the requests of each client: per minute, and at the same time.

There are two policies. `default` counts the requests of a user. `auth` counts, by user
or address, requests that check a password or a token or send email, and invalid
credentials. Each process counts by itself, or all of them in Redis; while Redis is
unreachable, each process counts by itself again.

Requests of a user can wait for each other, such as for a locked row. The limit of those
in progress keeps them from using up the threads and connections of the worker. Each
worker counts by itself, which costs one to two microseconds per request.
"""

import math
import time
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, current_app, g
from limits.errors import StorageError
from limits.storage import RedisStorage

from taskapi.clock import RetryTimer
from taskapi.errors import RateLimited
from taskapi.observability import metrics
from taskapi.web.addresses import client_network

if TYPE_CHECKING:
    from config import Settings

log = structlog.get_logger()

MANY_IN_PROGRESS = (
    "Too many of your requests are in progress. Wait until some of them have ended."
)

TIMEOUTS: dict[str, Any] = {"socket_timeout": 0.1, "socket_connect_timeout": 0.1}
RETRY_SECONDS = 10
WINDOW_SECONDS = 60
STORE_ERRORS = (
    StorageError,  # down, frozen, loading, read-only, full, wrong password
    ValueError,  # invalid URL
    TypeError,  # invalid option in the URL
)


class LocalCounters:
    """The counters of this process; expired ones are removed once a minute.

    `limits.MemoryStorage` starts timer threads that scan all keys: with 20,000
    clients that takes 197 µs more CPU per request.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.counts: dict[str, tuple[int, float]] = {}
        self.sweep_at = 0.0

    def hit(self, key: str) -> tuple[int, float]:
        """Count a request; return the count of its window and the end of it."""
        now = time.time()
        with self.lock:
            if now >= self.sweep_at:
                self.counts = {k: c for k, c in self.counts.items() if c[1] > now}
                self.sweep_at = now + WINDOW_SECONDS
            count, ends_at = self.counts.get(key, (0, 0.0))
            begun = (count, ends_at) if ends_at > now else (0, now + WINDOW_SECONDS)
            self.counts[key] = counted = (begun[0] + 1, begun[1])
        return counted


class SharedCounters(RedisStorage):
    """The counters of all processes, in Redis."""

    def hit(self, key: str) -> tuple[int, float]:
        """Count a request; return the count of its window and the end of it."""
        return self.incr(key, WINDOW_SECONDS), self.get_expiry(key)

    def get_expiry(self, key: str) -> float:
        """Return the time when the window ends; the library rounds it to seconds."""
        remaining: int = self.storage.pttl(self.prefixed_key(key))
        return max(remaining, 0) / 1000 + time.time()


class RateLimits:
    """The policies of one app and their counters."""

    def __init__(self, settings: "Settings") -> None:
        self.enabled = settings.ratelimit_enabled
        self.shared_uri = settings.ratelimit_storage_uri
        self.policies = {
            "default": settings.ratelimit_per_minute,
            "auth": settings.ratelimit_auth_per_minute,
        }
        self.local = LocalCounters()
        self.retry = RetryTimer(RETRY_SECONDS)

    @cached_property
    def shared(self) -> SharedCounters:
        """Connect to the store at the first request."""
        return SharedCounters(self.shared_uri, wrap_exceptions=True, **TIMEOUTS)

    def hit(self, key: str) -> tuple[int, float]:
        """Count a request; return the count of its window and the end of it."""
        if self.shared_uri and self.retry.is_due():
            try:
                counted = self.shared.hit(key)
            except STORE_ERRORS as error:
                self.retry.fail()
                cause = type(error.__cause__ or error).__name__
                log.warning("rate limits are counted by each process", cause=cause)
            else:
                self.retry.succeed()
                return counted
        return self.local.hit(key)


class RequestsInProgress:
    """The number of requests in progress by user id."""

    def __init__(self, settings: "Settings") -> None:
        # by default a user may occupy half of the threads
        self.maximum = settings.max_requests_in_progress or max(
            1, settings.threads // 2
        )
        self.numbers: dict[int, int] = {}
        self.lock = Lock()

    def begin(self, user_id: int) -> None:
        """Count this request until it has ended; raises RateLimited above the maximum.

        It is counted once, also if its transaction is retried.
        """
        if "in_progress" in g:
            return
        with self.lock:
            number = self.numbers.get(user_id, 0)
            if number < self.maximum:
                self.numbers[user_id] = number + 1
                g.in_progress = user_id
                return
        metrics.count_limit("in-progress")
        raise RateLimited(MANY_IN_PROGRESS, retry_after=1)

    def end(self, _error: BaseException | None) -> None:
        """Remove this request; a streamed response has been sent by now."""
        user_id = g.pop("in_progress", None)
        if user_id is None:
            return
        with self.lock:
            number = self.numbers[user_id] - 1
            if number:
                self.numbers[user_id] = number
            else:
                del self.numbers[user_id]


def init_app(app: Flask, settings: "Settings") -> None:
    """Create the limits."""
    app.extensions["rate_limits"] = RateLimits(settings)
    app.extensions["in_progress"] = in_progress = RequestsInProgress(settings)
    app.teardown_request(in_progress.end)


def count(policy: str, client: str = "") -> None:
    """Count this request of a client, by default of its user or its address.

    It is counted once, also if its transaction is retried. Raises RateLimited.
    """
    limits: RateLimits = current_app.extensions["rate_limits"]
    if not policy or not limits.enabled:
        return
    if not client:
        has_user = "caller" in g
        client = f"user {g.caller.id}" if has_user else f"address {client_network()}"
    amount = limits.policies[policy]
    key, counted = f"taskapi/{policy}/{client}", g.setdefault("counted", {})
    if key not in counted:
        counted[key] = limits.hit(key)
    number, ends_at = counted[key]
    seconds = max(1, math.ceil(ends_at - time.time()))
    remaining = max(0, amount - number)
    # the IETF draft httpapi-ratelimit-headers, version 10
    g.limit_headers = {
        "RateLimit-Policy": f'"{policy}";q={amount};w={WINDOW_SECONDS}',
        "RateLimit": f'"{policy}";r={remaining};t={seconds}',
    }
    if number > amount:
        metrics.count_limit(policy)
        raise RateLimited(retry_after=seconds)


def count_invalid_credentials() -> None:
    """Count an invalid key or token of an address; raises RateLimited above `auth`.

    Logins are counted separately, so that a script with a revoked key does not block
    the logins of other users in its network.
    """
    count("auth", f"credentials {client_network()}")
