"""Connections that the server has closed, but their clients have not."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.helpers.server import Server, get_request
from tests.system.conftest import Serve

LINGERING = 15  # a worker that waits two seconds for each does not respond in time
PROBES = 3
GRACEFUL_SECONDS = 20  # less than gunicorn's timeout for open connections
INVALID = b"rubbish\r\n\r\n"


@contextmanager
def lingering(server: Server, request: bytes) -> Iterator[list[bytes]]:
    """Receive responses on connections that the server closes and the clients keep."""
    with ExitStack() as stack:
        address = ("127.0.0.1", server.port)
        clients = [
            stack.enter_context(socket.create_connection(address))
            for _ in range(LINGERING)
        ]
        for client in clients:
            client.sendall(request)
        yield [client.recv(12) for client in clients[:1]]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(get_request("/health/live"), b"HTTP/1.1 200", id="liveness"),
        pytest.param(get_request("/api/v1"), b"HTTP/1.1 200", id="valid"),
        pytest.param(INVALID, b"HTTP/1.1 400", id="invalid"),
    ],
)
def test_lingering_connection_delays_no_request(
    server: Server, sent: bytes, status: bytes
) -> None:
    with lingering(server, sent) as responses:
        statuses = [server.call("GET", "/health").status for _ in range(PROBES)]

    assert responses == [status]
    assert statuses == [200] * PROBES


def test_lingering_connection_does_not_delay_shutdown(serving: Serve) -> None:
    server = serving()
    with lingering(server, get_request("/health/live")):
        server.process.terminate()

        assert server.process.wait(GRACEFUL_SECONDS) == 0
