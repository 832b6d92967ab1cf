"""Scheduling: the requests that a worker processes at the same time."""

import sys
from collections import Counter
from collections.abc import Iterator
from itertools import chain

import pytest

from tests.helpers.concurrency import run_concurrently
from tests.helpers.server import ROOT, Server, environment
from tests.system.scheduled_app import MEETING_REQUESTS

CLIENTS = 6
REQUESTS = 30


class ScheduledServer(Server):
    """One worker with an app that counts concurrent requests."""

    command = (
        *(sys.executable, "-m", "gunicorn"),  # imported again: it reads PORT then
        "--config=/dev/null",
        "--worker-class=taskapi.server.worker.Worker",
        "--no-control-socket",
        "--workers=1",
        "--threads=16",
        "tests.system.scheduled_app:app",
    )


@pytest.fixture(scope="module")
def scheduled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("scheduling") / "log"
    server = ScheduledServer(ROOT, environment(), log).wait()
    yield server
    server.stop()


def test_requests_that_compute_do_not_compete(scheduled: Server) -> None:
    def count_concurrent() -> list[bytes]:
        return [scheduled.call("GET", "/compute").body for _ in range(REQUESTS)]

    counts = Counter(
        chain.from_iterable(run_concurrently(*[count_concurrent] * CLIENTS))
    )

    assert counts[b"1"] > CLIENTS * REQUESTS / 2, counts


@pytest.mark.parametrize("path", ["/release", "/meet"])
def test_waiting_request_blocks_no_other(scheduled: Server, path: str) -> None:
    responses = run_concurrently(
        *[lambda: scheduled.call("GET", path).status] * MEETING_REQUESTS
    )

    assert responses == [200] * MEETING_REQUESTS
