"""One user of a real server whose requests wait for a lock delays no other user."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.locking import locked
from tests.helpers.client import API, Client
from tests.helpers.server import Server

CROWD = 50
TASKS = "SELECT FROM tasks FOR UPDATE"


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_locked_row_keeps_threads_and_connections_free(
    ann: Client, bob: Client, instance: Callable[..., Server]
) -> None:
    server = instance(WEB_CONCURRENCY=1, MAX_REQUESTS_IN_PROGRESS=0)
    path, body = f"{API}/tasks/{ann.create_task()['id']}", {"title": "Reap"}

    with locked(ann.app, TASKS), ThreadPoolExecutor(CROWD) as pool:
        mine, theirs = headers(ann), headers(bob)
        crowd = [
            pool.submit(server.call, "PATCH", path, body, mine) for _ in range(CROWD)
        ]
        reads = [server.call("GET", f"{API}/tasks", None, theirs) for _ in range(5)]
        answers = [one.result() for one in crowd]

    assert {read.status for read in reads} == {200}
    assert {answer.status for answer in answers} == {429, 503}
    assert {answer.headers["Retry-After"] for answer in answers} == {"1"}


def headers(client: Client) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.tokens['access_token']}"}
