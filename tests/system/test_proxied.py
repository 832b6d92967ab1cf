"""Forwarded headers of hosting platforms, and IPv6 addresses."""

import socket
from collections.abc import Callable

import pytest
from flask import Flask

from taskapi.web import proxies
from tests.helpers.client import API
from tests.helpers.server import Response, Server, get_request, log_in
from tests.system.conftest import SECRET_KEY, Serve

HSTS = "Strict-Transport-Security"
HOPS = "10.20.1.7, 172.69.9.1"  # Render's proxies append these after the client
OURS = "tasks.example.org"
PUBLIC = {"X-Forwarded-Host": OURS, "X-Forwarded-Proto": "https"}


@pytest.fixture(scope="module")
def render(serving: Serve) -> Server:
    """Return a server behind three proxies that set one scheme and one host."""
    limits = {"RATELIMIT_ENABLED": True, "RATELIMIT_AUTH_PER_MINUTE": 1}
    own = {"TRUSTED_PROXIES": 3, "TRUSTED_HOSTS": OURS, "LOG_LEVEL": "DEBUG"}
    return serving(**own | limits)


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def behind_render(server: Server, client: str) -> Response:
    """Log in as a client whose address precedes those of the proxies."""
    return log_in(server, **PUBLIC, **{"X-Forwarded-For": f"{client}, {HOPS}"})


def test_client_address_is_the_third_from_the_end(render: Server) -> None:
    clients = ["192.0.2.1", "192.0.2.2", "198.51.100.9, 192.0.2.1"]

    responses = [behind_render(render, client) for client in clients]

    assert [one.status for one in responses] == [401, 401, 429]


def test_scheme_and_host_are_single_values_behind_several_proxies(
    render: Server,
) -> None:
    forwarded = {"Host": "internal.invalid", **PUBLIC}

    response = render.call("GET", API, headers=forwarded)

    assert response.status == 200
    assert response.headers[HSTS] is not None


def test_debug_log_contains_the_number_of_entries(render: Server) -> None:
    mark = {"X-Request-ID": "counted", "X-Forwarded-For": f"192.0.2.4, {HOPS}"}

    render.call("GET", API, headers=PUBLIC | mark)

    (line,) = [e for e in render.entries("forwarded") if e["request_id"] == "counted"]
    assert line["level"] == "debug"
    assert (line["trusted_proxies"], line["x_forwarded_for"]) == (3, 3)
    assert (line["x_forwarded_proto"], line["x_forwarded_host"]) == (1, 1)
    assert "192.0.2.4" not in render.log.read_text()


def test_doctor_reports_the_number_of_entries(
    server: Server, make_app: Callable[..., Flask]
) -> None:
    with make_app(secret_key=SECRET_KEY).app_context():
        number = proxies.count_entries(f"http://127.0.0.1:{server.port}")
        probe = {proxies.PROBE: proxies.sign_probe()}

    proxied = server.call("GET", API, headers=probe | {"X-Forwarded-For": HOPS})
    assert number == 0
    assert proxied.headers[proxies.RESULT] == "2"


def test_number_of_entries_requires_the_secret(
    server: Server, make_app: Callable[..., Flask]
) -> None:
    forged = server.send(
        get_request("/health/live", f"{proxies.PROBE}: {proxies.PROBE}.x.y")
    )
    with (
        make_app(secret_key="x" * 32).app_context(),
        pytest.raises(proxies.Unreachable),
    ):
        proxies.count_entries(f"http://127.0.0.1:{server.port}")

    assert forged.headers[proxies.RESULT] is None


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_server_listens_on_an_ipv6_address(serving: Serve) -> None:
    server = serving(HOST="::1", ENVIRONMENT="development", TRUSTED_HOSTS=OURS)

    health = server.call("GET", "/health")  # as health checks on the same machine do
    login = log_in(server)
    other = server.call("GET", "/health", headers={"Host": "[::1].evil.example"})

    assert (health.status, login.status, other.status) == (200, 401, 400)
    assert f"http://[::1]:{server.port}/docs" in server.log.read_text()
