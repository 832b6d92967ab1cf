"""Connections that are over, and whose clients do not close them."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.helpers.server import Server, get_request
from tests.system.conftest import Serve

LINGERERS = 15  # a worker that waits two seconds for each does not answer in time
OTHERS = 3
GRACEFUL_SECONDS = 20  # less than gunicorn gives to who is connected
RUBBISH = b"rubbish\r\n\r\n"


@contextmanager
def lingering(server: Server, question: bytes) -> Iterator[list[bytes]]:
    """Get answers on connections that the server ends and the clients keep."""
    with ExitStack() as kept:
        address = ("127.0.0.1", server.port)
        clients = [
            kept.enter_context(socket.create_connection(address))
            for _ in range(LINGERERS)
        ]
        for client in clients:
            client.sendall(question)
        yield [client.recv(12) for client in clients[:1]]


@pytest.mark.parametrize(
    ("question", "status"),
    [
        pytest.param(get_request("/health/live"), b"HTTP/1.1 200", id="lives"),
        pytest.param(get_request("/api/v1"), b"HTTP/1.1 200", id="good"),
        pytest.param(RUBBISH, b"HTTP/1.1 400", id="bad"),
    ],
)
def test_lingering_connection_delays_no_request(
    server: Server, question: bytes, status: bytes
) -> None:
    with lingering(server, question) as answers:
        others = [server.call("GET", "/health").status for _ in range(OTHERS)]

    assert answers == [status]
    assert others == [200] * OTHERS


def test_lingering_connection_does_not_delay_shutdown(serving: Serve) -> None:
    server = serving()
    with lingering(server, get_request("/health/live")):
        server.process.terminate()

        assert server.process.wait(GRACEFUL_SECONDS) == 0
