"""Figures for Prometheus: what is counted, and the ways to count it.

Only an app with METRICS_TOKEN keeps any. No label holds what a client made up: routes
are patterns, and everything else is one of a few words.
"""

import atexit
import platform
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

from flask import Flask, current_app
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from taskapi.errors import Problem, RateLimited, Unavailable
from taskapi.observability import gathering

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SAMPLE_SECONDS = 1
MAX_NOTED = 1000
OUTCOMES = ["ok", "failed", "locked"]
LIMITS = [
    "default",
    "auth",
    "account",
    "login",
    "address",
    "proof",
    "letters",
    "in-progress",
]
Series = tuple[str, str, str]
"""Method, route and status."""

disable_created_metrics()  # several workers have none, and one shall say the same


class Metrics:
    """The figures of one app."""

    def __init__(self, version: str, engine: Any) -> None:
        self.engine = engine
        self.busy: list[None] = []
        self.noted: deque[tuple[Series, float]] = deque()
        self.known: dict[Series, tuple[Any, Any]] = {}
        self.registry = CollectorRegistry()
        ours: dict[str, Any] = {"namespace": "taskapi", "registry": self.registry}
        live = ours | {"multiprocess_mode": "livesum"}
        lasting = ours | {"multiprocess_mode": "max"}
        self.requests = Counter(
            "http_requests", "Requests answered.", ["method", "route", "status"], **ours
        )
        self.seconds = Histogram(
            "http_request_duration_seconds",
            "How long answers took.",
            ["method", "route"],
            buckets=BUCKETS,
            **ours,
        )
        self.in_flight = Gauge(
            "http_requests_in_flight", "Requests that wait for an answer.", **live
        )
        self.pool_size = Gauge(
            "database_pool_size", "Connections that there may be.", **live
        )
        self.pool_in_use = Gauge(
            "database_pool_in_use", "Connections that are in use.", **live
        )
        self.logins = Counter("logins", "Logins by outcome.", ["outcome"], **ours)
        self.limits = Counter("limits_hit", "Refusals by limit.", ["limit"], **ours)
        self.build = Gauge("build_info", "Always 1.", ["version", "python"], **lasting)
        self._show(version)

    def _show(self, version: str) -> None:
        """Show what did not happen yet as 0, so that its first time is seen to rise."""
        for outcome in OUTCOMES:
            self.logins.labels(outcome)
        for limit in LIMITS:
            self.limits.labels(limit)
        self.build.labels(version, platform.python_version()).set(1)

    def note(self, series: Series, seconds: float) -> None:
        """Keep an answer; to count many in a row costs a third of one by one."""
        self.noted.append((series, seconds))
        if len(self.noted) >= MAX_NOTED:
            self._count()

    def _count(self) -> None:
        with suppress(IndexError):  # two threads may count, each what the other left
            while True:
                series, seconds = self.noted.popleft()
                requests, took = self.known.get(series) or self._meet(series)
                requests.inc()
                took.observe(seconds)

    def _meet(self, series: Series) -> tuple[Any, Any]:
        """Look series up once; the library takes as long for that as to count."""
        found = self.requests.labels(*series), self.seconds.labels(*series[:2])
        return self.known.setdefault(series, found)

    def sample(self) -> None:
        """Count what was noted, and look at what this process is busy with."""
        self._count()
        self.in_flight.set(len(self.busy))
        self.pool_size.set(self.engine.pool.size())
        self.pool_in_use.set(self.engine.pool.checkedout())

    def keep_sampling(self) -> None:
        """Look again every second, for when another worker is asked."""
        while True:
            self.sample()
            time.sleep(SAMPLE_SECONDS)

    def exposition(self) -> bytes:
        """Return the figures of all workers in the text format of Prometheus."""
        self.sample()
        return generate_latest(gathering.gathered(self.registry))


def start(app: Flask) -> None:
    """Begin to sample in a thread of this worker, and once more when it ends."""
    if metrics := app.extensions.get("metrics"):
        atexit.register(metrics.sample)
        Thread(target=metrics.keep_sampling, name="metrics", daemon=True).start()


def _metrics() -> Metrics | None:
    return current_app.extensions.get("metrics")


def count_limit(limit: str) -> None:
    """Count a request that was refused because there were too many."""
    if metrics := _metrics():
        metrics.limits.labels(limit).inc()


@contextmanager
def login() -> Iterator[None]:
    """Count a login by how it ends; one that was not judged is none."""
    try:
        yield
    except Unavailable:
        raise
    except Problem as error:
        _count_login("locked" if isinstance(error, RateLimited) else "failed")
        raise
    else:
        _count_login("ok")


def _count_login(outcome: str) -> None:
    if metrics := _metrics():
        metrics.logins.labels(outcome).inc()
