"""Figures of a server with several workers: sums, whoever is asked for them."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.client import API
from tests.helpers.server import Server
from tests.web.figures import BEARER, TOKEN, Figures, figures

# who adds up does not depend on the database
pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)

WORKERS, THREADS, REQUESTS = 4, 4, 120
SECONDS = 20
OF_INDEX = "taskapi_http_requests_total", frozenset({"GET", API, "200"})
POOL = "taskapi_database_pool_size", frozenset[str]()
ALL = WORKERS * (THREADS + 1)
FOLDER = re.compile(r"/\S+/taskapi-metrics-\w+")
Serve = Callable[..., Server]


@pytest.fixture
def server(instance: Serve) -> Iterator[Server]:
    """Return a server with four workers, all of which look at their pools."""
    made = instance(METRICS_TOKEN=TOKEN)
    until(made, POOL, ALL)
    yield made
    made.stop()


def scrape(server: Server) -> Figures:
    """Return the figures that one of the workers tells."""
    return figures(server.call("GET", "/metrics", headers=BEARER).body.decode())


def until(server: Server, key: Any, value: float) -> Figures:
    """Return the figures once one of them is this."""
    deadline = time.monotonic() + SECONDS
    while (found := scrape(server)).get(key) != value:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def vanishes(place: Path) -> bool:
    """Tell whether it is gone, as soon as it is."""
    deadline = time.monotonic() + SECONDS
    while place.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not place.exists()


def send_requests(server: Server, number: int) -> None:
    """Ask for the index so often, by eight clients at once."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: server.call("GET", API), range(number)))


def folder(server: Server) -> Path:
    """Return where the workers of a server write."""
    maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    return Path(FOLDER.findall(maps)[0])


def test_each_worker_returns_the_sum_of_all(server: Server) -> None:
    send_requests(server, REQUESTS)
    until(server, OF_INDEX, REQUESTS)

    reported = [scrape(server)[OF_INDEX] for _ in range(3 * WORKERS)]

    assert set(reported) == {REQUESTS}


def test_counters_outlive_their_worker(server: Server) -> None:
    send_requests(server, REQUESTS)
    until(server, OF_INDEX, REQUESTS)
    files = {path.name for path in folder(server).iterdir()}

    server.kill_workers()
    found = until(server, POOL, ALL)

    assert found[OF_INDEX] == REQUESTS
    assert {path.name for path in folder(server).iterdir()} <= files


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_metrics_folder_is_deleted_with_the_master(
    server: Server, ending: signal.Signals
) -> None:
    place = folder(server)
    mode = place.stat().st_mode & 0o777

    server.process.send_signal(ending)
    server.process.wait(SECONDS)

    assert mode == 0o700
    assert vanishes(place)
