"""Shutdown: a server finishes its requests and rejects new connections."""

import http.client
import socket

import pytest

from tests.helpers.client import API
from tests.helpers.programs import wait_until
from tests.helpers.server import SECONDS_TO_STOP, Response, Server
from tests.system.conftest import Serve

GRACEFUL_SECONDS = 20  # less than gunicorn's timeout for open connections


def is_open(server: Server) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", server.port)) == 0


def wait_until_closed(server: Server) -> None:
    wait_until(lambda: not is_open(server))


def wait_until_not_ready(server: Server) -> Response:
    """Wait until the instance is not ready, and return the health response."""
    wait_until(lambda: server.call("GET", "/health").status != 200)
    return server.call("GET", "/health")


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_stopping_server_rejects_new_connections_and_serves_the_rest(
    serving: Serve, workers: int
) -> None:
    server = serving(WEB_CONCURRENCY=workers)
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/health")
    connection.getresponse().read()
    server.process.terminate()

    wait_until_closed(server)
    is_running = server.process.poll() is None
    connection.request("GET", "/health")

    assert is_running
    assert connection.getresponse().status == 200
    assert server.stop() == 0


def test_instance_reports_draining_before_it_stops(serving: Serve) -> None:
    server = serving(WEB_CONCURRENCY=2, DRAIN_SECONDS=60)
    server.process.terminate()

    ready = wait_until_not_ready(server)
    live = server.call("GET", "/health/live")
    response = server.call("GET", API)

    assert ready.json["checks"] == {"server": "draining"}
    assert ready.headers["Retry-After"] == "1"
    assert (live.status, response.status) == (200, 200)
    assert server.stop() == 0  # a second SIGTERM ends the drain period


def test_instance_stops_after_the_drain_period(serving: Serve) -> None:
    server = serving(DRAIN_SECONDS=1)
    server.process.terminate()

    wait_until_closed(server)

    assert server.process.wait(SECONDS_TO_STOP) == 0
    server.wait_for_output("Shutting down")


def test_idle_connection_does_not_delay_shutdown(serving: Serve) -> None:
    server = serving()
    with socket.create_connection(("127.0.0.1", server.port)):
        server.call("GET", API)
        server.process.terminate()

        wait_until_closed(server)

        assert server.process.wait(GRACEFUL_SECONDS) == 0


def test_sigterm_stops_workers_that_are_still_booting(serving: Serve) -> None:
    server = serving(WEB_CONCURRENCY=8)

    server.process.terminate()

    assert server.process.wait(GRACEFUL_SECONDS) == 0
