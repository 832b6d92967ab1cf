"""How many requests a worker is at work for at once."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain

import pytest

from tests.helpers.concurrency import run_concurrently
from tests.helpers.server import GUNICORN, ROOT, Server, environment
from tests.system.scheduled_app import GUESTS

CLIENTS = 6
REQUESTS = 30


class Turning(Server):
    """One worker of ours, with an app that tells who else is there."""

    command = (
        GUNICORN,
        "--config=/dev/null",
        "--worker-class=taskapi.server.worker.Worker",
        "--no-control-socket",
        "--workers=1",
        "--threads=16",
        "tests.system.scheduled_app:app",
    )


@pytest.fixture(scope="module")
def turning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("turns") / "log"
    server = Turning(ROOT, environment(), log).wait()
    yield server
    server.stop()


def test_requests_that_compute_do_not_compete(turning: Server) -> None:
    def company() -> list[bytes]:
        return [turning.call("GET", "/compute").body for _ in range(REQUESTS)]

    found = Counter(chain.from_iterable(run_concurrently(*[company] * CLIENTS)))

    assert found[b"1"] > CLIENTS * REQUESTS / 2, found


@pytest.mark.parametrize("path", ["/release", "/meet"])
def test_waiting_request_blocks_no_other(turning: Server, path: str) -> None:
    responses = run_concurrently(*[lambda: turning.call("GET", path).status] * GUESTS)

    assert responses == [200] * GUESTS
