"""A server that ends: who is inside is served, who comes is turned away at once."""

import http.client
import socket
import time

import pytest

from tests.system.conftest import Serve
from tests.system.server import SECONDS_TO_STOP, Server


def is_open(server: Server) -> bool:
    with socket.socket() as visitor:
        return visitor.connect_ex(("127.0.0.1", server.port)) == 0


def until_closed(server: Server) -> None:
    deadline = time.monotonic() + SECONDS_TO_STOP
    while is_open(server):
        assert time.monotonic() < deadline


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_that_ends_turns_newcomers_away_while_it_serves_the_rest(
    serving: Serve, workers: int
) -> None:
    server = serving(WEB_CONCURRENCY=workers)
    inside = http.client.HTTPConnection("127.0.0.1", server.port)
    inside.request("GET", "/health")
    inside.getresponse().read()
    server.process.terminate()

    until_closed(server)
    still_there = server.process.poll() is None
    inside.request("GET", "/health")

    assert still_there
    assert inside.getresponse().status == 200
    assert server.stop() == 0
