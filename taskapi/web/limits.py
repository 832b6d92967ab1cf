"""Rate limits per caller, counted by the `limits` library.

Two policies: `default` counts a user's requests, `auth` those of an address to the
operations that take a password or a refresh token. Each process counts by itself.
"""

import time
from functools import cached_property
from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, g, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from taskapi.errors import RateLimited

if TYPE_CHECKING:
    from config import Settings


class Limits:
    """The policies of one app, and what was counted."""

    def __init__(self, settings: "Settings") -> None:
        self.enabled = settings.ratelimit_enabled
        self.policies = {
            "default": RateLimitItemPerMinute(settings.ratelimit_per_minute),
            "auth": RateLimitItemPerMinute(settings.ratelimit_auth_per_minute),
        }

    @cached_property
    def counter(self) -> FixedWindowRateLimiter:
        """Count from the first request on, in the process that serves it."""
        return FixedWindowRateLimiter(MemoryStorage())


def init_app(app: Flask, settings: "Settings") -> None:
    """Take the policies from the settings, and tell clients what they have left."""
    app.extensions["limits"] = Limits(settings)
    app.after_request(_tell)


def count(policy: str) -> None:
    """Count this request; raises RateLimited beyond the policy."""
    limits: Limits = current_app.extensions["limits"]
    if not policy or not limits.enabled:
        return
    item = limits.policies[policy]
    who = f"user {g.caller.id}" if "caller" in g else f"address {request.remote_addr}"
    within = limits.counter.hit(item, policy, who)
    window = limits.counter.get_window_stats(item, policy, who)
    seconds = max(1, round(window.reset_time - time.time()))
    g.limit = (policy, item.amount, window.remaining, seconds)
    if not within:
        raise RateLimited(retry_after=seconds)


def _tell(response: Response) -> Response:
    """Add the fields of the IETF draft (httpapi-ratelimit-headers, version 10)."""
    if "limit" in g:
        policy, amount, remaining, seconds = g.limit
        response.headers["RateLimit-Policy"] = f'"{policy}";q={amount};w=60'
        response.headers["RateLimit"] = f'"{policy}";r={remaining};t={seconds}'
    return response
