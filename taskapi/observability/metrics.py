"""Metrics for Prometheus, summed over the workers of a server.

Only an app with METRICS_TOKEN has metrics. Clients cannot add values of labels: routes
are patterns, and the other labels have few known values.

gunicorn.conf.py turns on prometheus-client's multiprocess mode: each worker writes to
files in a shared folder, and the worker that serves `GET /metrics` adds them up.
Workers are identified by a number from 0 instead of their process id, and a new worker
continues the files of one that ended: with process ids each restart leaves 192 kB.
"""

import atexit
import os
import platform
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, cast

from flask import Flask, current_app
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from sqlalchemy import Engine, event

from taskapi.errors import Problem, RateLimited, Unavailable

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
OUTCOMES = ["ok", "failed", "locked"]
LIMITS = [
    "default",
    "auth",
    "account",
    "login",
    "address",
    "password-check",
    "email",
    "in-progress",
]

disable_created_metrics()  # multiprocess mode has none, and one process shows the same


class Multiprocess:
    """State of prometheus-client's multiprocess mode in this process."""

    folder = ""
    """Folder of the files; empty if multiprocess mode is off."""

    identifier = "master"


@cache
def share(parent: str | None) -> str:
    """Turn on multiprocess mode in a new folder and return its path.

    prometheus-client documents a custom process identifier, for uWSGI, in this way.
    """
    Multiprocess.folder = tempfile.mkdtemp(prefix="taskapi-metrics-", dir=parent)
    atexit.register(_delete_folder, os.getpid())
    values.ValueClass = values.MultiProcessValue(lambda: Multiprocess.identifier)
    return Multiprocess.folder


def enter_worker(number: int) -> None:
    """Write to the files of the worker with this number from now on."""
    Multiprocess.identifier = str(number)


def leave_worker(number: int) -> None:
    """Delete the gauges of a worker that ended; its counters remain."""
    if Multiprocess.folder:
        mark_process_dead(number, Multiprocess.folder)


def _delete_folder(master: int) -> None:
    """Delete the folder: in the master, or in a worker that outlived it."""
    if os.getppid() != master:
        shutil.rmtree(Multiprocess.folder, ignore_errors=True)


class _SharedFiles(Collector):
    """The sums of the files. One that its worker is creating is empty, and ignored."""

    def collect(self) -> Iterable[Metric]:
        paths = Path(Multiprocess.folder).iterdir()
        files = [str(path) for path in paths if path.suffix == ".db" and _is_used(path)]
        return cast("Iterable[Metric]", MultiProcessCollector.merge(files))


def _is_used(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:  # of a gauge whose worker has ended
        return False


class Metrics:
    """The metrics of one app."""

    def __init__(self, version: str, engine: Engine) -> None:
        self.engine = engine
        self.registry = CollectorRegistry()
        common: dict[str, Any] = {"namespace": "taskapi", "registry": self.registry}
        self._create_request_metrics(common)
        self._create_pool_gauges(common)
        self.logins = Counter("logins", "Logins, by outcome.", ["outcome"], **common)
        self.limits = Counter(
            "limits_hit", "Rejected requests, by limit.", ["limit"], **common
        )
        build = common | {"multiprocess_mode": "max"}
        self.build = Gauge("build_info", "Always 1.", ["version", "python"], **build)
        self._create_series(version)

    def _create_request_metrics(self, common: dict[str, Any]) -> None:
        self.requests = Counter(
            "http_requests",
            "Requests, by response.",
            ["method", "route", "status"],
            **common,
        )
        self.durations = Histogram(
            "http_request_duration_seconds",
            "Time until the response started.",
            ["method", "route"],
            buckets=BUCKETS,
            **common,
        )
        self.in_flight = Gauge(
            "http_requests_in_flight",
            "Requests without a response yet.",
            multiprocess_mode="livesum",
            **common,
        )
        self.series = cache(self._series)  # labels() takes as long as counting

    def _create_pool_gauges(self, common: dict[str, Any]) -> None:
        live = common | {"multiprocess_mode": "livesum"}
        self.pool_size = Gauge(
            "database_pool_size", "Maximum of database connections.", **live
        )
        self.pool_in_use = Gauge(
            "database_pool_in_use", "Database connections in use.", **live
        )
        self._count_connections()

    def _create_series(self, version: str) -> None:
        """Start known series at 0, so that Prometheus sees their first increase."""
        for outcome in OUTCOMES:
            self.logins.labels(outcome)
        for limit in LIMITS:
            self.limits.labels(limit)
        self.build.labels(version, platform.python_version()).set(1)

    def observe(self, method: str, route: str, status: str, seconds: float) -> None:
        """Count a response and the time that it took."""
        count, duration = self.series(method, route, status)
        count.inc()
        duration.observe(seconds)

    def _series(
        self, method: str, route: str, status: str
    ) -> tuple[Counter, Histogram]:
        return (
            self.requests.labels(method, route, status),
            self.durations.labels(method, route),
        )

    def show_pool_size(self) -> None:
        """Set the maximum of connections of this process."""
        pool: Any = self.engine.pool
        self.pool_size.set(pool.size())

    def _count_connections(self) -> None:
        def check_out(_connection: object, record: Any, _proxy: object) -> None:
            record.record_info["in_use"] = True
            self.pool_in_use.inc()

        def check_in(_connection: object, record: Any) -> None:
            # an attempt to connect that failed was not checked out
            if record.record_info.pop("in_use", False):
                self.pool_in_use.dec()

        event.listen(self.engine, "checkout", check_out)
        event.listen(self.engine, "checkin", check_in)

    def exposition(self) -> bytes:
        """Return the metrics of all workers in the text format of Prometheus."""
        self.show_pool_size()
        registry = self.registry
        if Multiprocess.folder:
            registry = CollectorRegistry()
            registry.register(_SharedFiles())
        return generate_latest(registry)


def start(app: Flask) -> None:
    """Show the pool of this worker before it serves `GET /metrics` itself."""
    if metrics := app.extensions.get("metrics"):
        metrics.show_pool_size()


def _metrics() -> Metrics | None:
    return current_app.extensions.get("metrics")


def count_limit(limit: str) -> None:
    """Count a request that was rejected by a limit."""
    if metrics := _metrics():
        metrics.limits.labels(limit).inc()


@contextmanager
def login() -> Iterator[None]:
    """Count a login by its outcome; one that could not be checked is not counted."""
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
