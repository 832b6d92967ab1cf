"""A server that ends: who is inside is served, who comes is turned away at once."""

import http.client
import socket
import time

import pytest

from tests.helpers.client import API
from tests.helpers.server import SECONDS_TO_STOP, Response, Server
from tests.system.conftest import Serve

GRACEFUL_SECONDS = 20  # less than gunicorn gives to who is connected


def is_open(server: Server) -> bool:
    with socket.socket() as visitor:
        return visitor.connect_ex(("127.0.0.1", server.port)) == 0


def until_closed(server: Server) -> None:
    deadline = time.monotonic() + SECONDS_TO_STOP
    while is_open(server):
        assert time.monotonic() < deadline


def until_not_ready(server: Server) -> Response:
    """Return the answer of an instance that takes no more requests."""
    deadline = time.monotonic() + SECONDS_TO_STOP
    while (answer := server.call("GET", "/health")).status == 200:
        assert time.monotonic() < deadline
    return answer


@pytest.mark.parametrize("workers", [1, 2])
def test_stopping_server_rejects_new_connections_and_serves_the_rest(
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


def test_instance_reports_draining_before_it_stops(serving: Serve) -> None:
    server = serving(WEB_CONCURRENCY=2, DRAIN_SECONDS=60)
    server.process.terminate()

    ready = until_not_ready(server)
    alive = server.call("GET", "/health/live")
    answer = server.call("GET", API)

    assert ready.json["checks"] == {"server": "leaving"}
    assert ready.headers["Retry-After"] == "1"
    assert (alive.status, answer.status) == (200, 200)
    assert server.stop() == 0  # who asks again does not wait


def test_instance_stops_after_the_drain_period(serving: Serve) -> None:
    server = serving(DRAIN_SECONDS=1)
    server.process.terminate()

    until_closed(server)

    assert server.process.wait(SECONDS_TO_STOP) == 0
    server.wait_for_output("Shutting down")


def test_idle_connection_does_not_delay_shutdown(serving: Serve) -> None:
    server = serving()
    with socket.create_connection(("127.0.0.1", server.port)):
        server.call("GET", API)
        server.process.terminate()

        until_closed(server)

        assert server.process.wait(GRACEFUL_SECONDS) == 0


def test_workers_that_begin_hear_that_they_should_end(serving: Serve) -> None:
    server = serving(WEB_CONCURRENCY=8)

    server.process.terminate()

    assert server.process.wait(GRACEFUL_SECONDS) == 0
