"""Rate limits per caller, in windows of a minute.

Two policies: `default` counts a user's requests, `auth` those of a user or an address
to operations that take a password or a token or send email, and invalid credentials.
Each process counts by itself, or all in one store (Redis); while that is unreachable,
each by itself again.
"""

import math
import time
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, Response, current_app, g
from limits.errors import StorageError
from limits.storage import RedisStorage

from taskapi.errors import RateLimited
from taskapi.observability import metrics
from taskapi.web.addresses import client_network

if TYPE_CHECKING:
    from config import Settings


log = structlog.get_logger()

PATIENCE: dict[str, Any] = {"socket_timeout": 0.1, "socket_connect_timeout": 0.1}
RETRY_SECONDS = 10
WINDOW_SECONDS = 60
OUT_OF_REACH = (
    StorageError,  # gone, frozen, loading, read-only, full, another password
    ValueError,  # no such address
    TypeError,  # no such option in the address
)


class Windows:
    """The counts of this process; those of the last minute go in one sweep."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.counts: dict[str, tuple[int, float]] = {}
        self.sweep_at = 0.0

    def hit(self, key: str) -> tuple[int, float]:
        """Count one request; return the count of its window, and when that ends."""
        now = time.time()
        with self.lock:
            if now >= self.sweep_at:
                self.counts = {k: c for k, c in self.counts.items() if c[1] > now}
                self.sweep_at = now + WINDOW_SECONDS
            count, ends_at = self.counts.get(key, (0, 0.0))
            begun = (count, ends_at) if ends_at > now else (0, now + WINDOW_SECONDS)
            self.counts[key] = counted = (begun[0] + 1, begun[1])
        return counted


class Store(RedisStorage):
    """The counts of all processes, in a Redis that may keep nobody waiting."""

    def hit(self, key: str) -> tuple[int, float]:
        """Count one request; return the count of its window, and when that ends."""
        return self.incr(key, WINDOW_SECONDS), self.get_expiry(key)

    def get_expiry(self, key: str) -> float:
        """Return the moment when the window ends; the library's is rounded."""
        left: int = self.storage.pttl(self.prefixed_key(key))
        return max(left, 0) / 1000 + time.time()


class Limits:
    """The policies of one app, and who counts."""

    def __init__(self, settings: "Settings") -> None:
        self.enabled = settings.ratelimit_enabled
        self.shared_uri = settings.ratelimit_storage_uri
        self.policies = {
            "default": settings.ratelimit_per_minute,
            "auth": settings.ratelimit_auth_per_minute,
        }
        self.own = Windows()
        self.retry_at: float | None = None
        self.lock = Lock()

    @cached_property
    def shared(self) -> Store:
        """Connect to the store at the first request."""
        return Store(self.shared_uri, wrap_exceptions=True, **PATIENCE)

    def hit(self, key: str) -> tuple[int, float]:
        """Count one request; return the count of its window, and when that ends."""
        if self._may_ask():
            try:
                counted = self.shared.hit(key)
            except OUT_OF_REACH as error:
                self.retry_at = time.monotonic() + RETRY_SECONDS
                cause = type(error.__cause__ or error).__name__
                log.warning("rate limits are counted by each process", cause=cause)
            else:
                self.retry_at = None
                return counted
        return self.own.hit(key)

    def _may_ask(self) -> bool:
        """Tell whether to ask the store; when it is away, one asks for all at times."""
        with self.lock:
            if self.retry_at is None:
                return bool(self.shared_uri)
            due = time.monotonic() >= self.retry_at
            if due:
                self.retry_at = time.monotonic() + RETRY_SECONDS
            return due


def init_app(app: Flask, settings: "Settings") -> None:
    """Take the policies from the settings, and tell clients what they have left."""
    app.extensions["limits"] = Limits(settings)
    app.after_request(_tell)


def count(policy: str) -> None:
    """Count this request of a user or address; raises RateLimited beyond the policy."""
    client = f"user {g.caller.id}" if "caller" in g else f"address {client_network()}"
    _count(policy, client)


def count_invalid_credentials() -> None:
    """Count an invalid key or token of an address; raises RateLimited beyond `auth`.

    These are counted apart from logins, so that a script with a revoked key does not
    stop the logins of other users of its network.
    """
    _count("auth", f"credentials {client_network()}")


def _count(policy: str, client: str) -> None:
    limits: Limits = current_app.extensions["limits"]
    if not policy or not limits.enabled:
        return
    amount = limits.policies[policy]
    number, ends_at = limits.hit(f"taskapi/{policy}/{client}")
    seconds = max(1, math.ceil(ends_at - time.time()))
    g.limit = (policy, amount, max(0, amount - number), seconds)
    if number > amount:
        metrics.count_limit(policy)
        raise RateLimited(retry_after=seconds)


def _tell(response: Response) -> Response:
    """Add the fields of the IETF draft (httpapi-ratelimit-headers, version 10)."""
    if "limit" in g:
        policy, amount, remaining, seconds = g.limit
        response.headers["RateLimit-Policy"] = (
            f'"{policy}";q={amount};w={WINDOW_SECONDS}'
        )
        response.headers["RateLimit"] = f'"{policy}";r={remaining};t={seconds}'
    return response
