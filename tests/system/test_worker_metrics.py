"""Metrics of a server with several workers: every worker returns the sums."""

import re
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.client import API
from tests.helpers.programs import wait_until
from tests.helpers.server import Server
from tests.web.metrics_parser import BEARER, TOKEN, Metrics, parse_metrics

# the sums do not depend on the database
pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)

WORKERS, THREADS, REQUESTS = 2, 4, 120
SECONDS = 20
OF_INDEX = "taskapi_http_requests_total", frozenset({"GET", API, "200"})
POOL = "taskapi_database_pool_size", frozenset[str]()
ALL = WORKERS * (THREADS + 1)
FOLDER = re.compile(r"/\S+/taskapi-metrics-\w+")
Serve = Callable[..., Server]


@pytest.fixture
def server(instance: Serve) -> Iterator[Server]:
    """Return a server whose workers have all reported their pools."""
    server = instance(METRICS_TOKEN=TOKEN, WEB_CONCURRENCY=WORKERS, THREADS=THREADS)
    wait_for_metric(server, POOL, ALL)
    yield server
    server.stop()


def scrape(server: Server) -> Metrics:
    """Return the metrics that one of the workers reports."""
    return parse_metrics(server.call("GET", "/metrics", headers=BEARER).body.decode())


def wait_for_metric(server: Server, key: Any, value: float) -> Metrics:
    """Wait until a metric has this value, and return all metrics."""
    wait_until(lambda: scrape(server).get(key) == value)
    return scrape(server)


def send_requests(server: Server, number: int) -> None:
    """Request the index `number` times, with eight concurrent clients."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: server.call("GET", API), range(number)))


def folder(server: Server) -> Path:
    """Return the folder of the metrics files of a server."""
    maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    return Path(FOLDER.findall(maps)[0])


def test_each_worker_returns_the_sum_of_all(server: Server) -> None:
    send_requests(server, REQUESTS)
    wait_for_metric(server, OF_INDEX, REQUESTS)

    reported = [scrape(server)[OF_INDEX] for _ in range(3 * WORKERS)]

    assert set(reported) == {REQUESTS}


def test_counters_survive_the_end_of_their_worker(server: Server) -> None:
    send_requests(server, REQUESTS)
    wait_for_metric(server, OF_INDEX, REQUESTS)
    files = {path.name for path in folder(server).iterdir()}

    server.kill_workers()
    found = wait_for_metric(server, POOL, ALL)

    assert found[OF_INDEX] == REQUESTS
    assert {path.name for path in folder(server).iterdir()} <= files


def test_file_that_a_worker_is_creating_is_ignored(server: Server) -> None:
    (folder(server) / "counter_7.db").touch()

    response = server.call("GET", "/metrics", headers=BEARER)

    assert response.status == 200
    assert parse_metrics(response.body.decode())[POOL] == ALL


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_metrics_folder_is_deleted_with_the_master(
    server: Server, ending: signal.Signals
) -> None:
    path = folder(server)
    mode = path.stat().st_mode & 0o777

    server.process.send_signal(ending)
    server.process.wait(SECONDS)

    assert mode == 0o700
    wait_until(lambda: not path.exists())
