"""The threads of a worker, and its replacement after MAX_REQUESTS."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from taskapi.passwords import MAX_WAITING
from tests.helpers.client import API
from tests.helpers.server import Server
from tests.system.conftest import Serve

REQUEST_WITHOUT_BODY = (
    b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
)
THREADS = 2
REQUESTS = 20


@pytest.fixture
def busy(serving: Serve) -> Iterator[Server]:
    """Return a server whose threads all wait for the bodies of requests."""
    server = serving(THREADS=THREADS)
    with ExitStack() as open_until_the_end:
        for _ in range(THREADS + MAX_WAITING + 1):
            client = socket.create_connection(("127.0.0.1", server.port))
            open_until_the_end.enter_context(client)
            client.sendall(REQUEST_WITHOUT_BODY)
        yield server


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_liveness_succeeds_while_all_threads_wait(busy: Server, method: str) -> None:
    response = busy.call(method, "/health/live")
    with_query = busy.call(method, "/health/live?x=1")

    assert (response.status, with_query.status) == (200, 200)


def test_liveness_probes_delay_no_request(serving: Serve) -> None:
    server = serving()
    with ExitStack() as open_until_the_end:
        for end in (b"", b"Content-Length: 9\r\n\r\n", b"\r\nGET /"):
            client = socket.create_connection(("127.0.0.1", server.port))
            open_until_the_end.enter_context(client)
            client.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n" + end)

        response = server.call("GET", "/health/live")

    assert response.status == 200


def test_worker_is_replaced_after_max_requests(serving: Serve) -> None:
    server = serving(WEB_CONCURRENCY=2, MAX_REQUESTS=REQUESTS)

    responses = [server.call("GET", API) for _ in range(4 * REQUESTS)]

    assert {response.status for response in responses} == {200}
    assert "Autorestarting worker" in server.wait_for_output("Autorestarting worker")
