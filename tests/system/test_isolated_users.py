"""Requests of one user that wait for a lock do not delay other users."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.locking import locked
from tests.helpers.client import API, Client
from tests.helpers.server import Server

CLIENTS = 50
LOCK_TASKS = "SELECT FROM tasks FOR UPDATE"


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_locked_row_keeps_threads_and_connections_free(
    ann: Client, bob: Client, instance: Callable[..., Server]
) -> None:
    server = instance(WEB_CONCURRENCY=1, MAX_REQUESTS_IN_PROGRESS=0)
    path, body = f"{API}/tasks/{ann.create_task()['id']}", {"title": "Reap"}

    with locked(ann.app, LOCK_TASKS), ThreadPoolExecutor(CLIENTS) as pool:
        blocked = [
            pool.submit(server.call, "PATCH", path, body, headers(ann))
            for _ in range(CLIENTS)
        ]
        reads = [
            server.call("GET", f"{API}/tasks", headers=headers(bob)) for _ in range(5)
        ]
        updates = [one.result() for one in blocked]

    assert {read.status for read in reads} == {200}
    assert {update.status for update in updates} == {429, 503}
    assert {update.headers["Retry-After"] for update in updates} == {"1"}


def headers(client: Client) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.tokens['access_token']}"}
