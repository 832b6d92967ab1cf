"""nginx with the shipped configuration, in front of echo servers."""

import http.client
import json
import re
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config import Settings
from tests.helpers.nginx import CONFIGURATION, Nginx
from tests.helpers.programs import require_programs
from tests.helpers.slow_clients import measure_latency
from tests.server.echo import echo_servers
from tests.server.proxied import Proxy

MEBIBYTE = 1024 * 1024
TASKS = "/api/v1/tasks"
MakeProxy = Callable[[int], Proxy]


@pytest.fixture
def make_proxy() -> Iterator[MakeProxy]:
    """Return a function that starts nginx in front of one or two servers."""
    require_programs("nginx", "openssl")
    running: list[Nginx] = []
    with tempfile.TemporaryDirectory(prefix="taskapi-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the workers of nginx are unprivileged
        with echo_servers(2) as servers:

            def start(number: int) -> Proxy:
                nginx = Nginx(folder, [server.port for server in servers[:number]])
                running.append(nginx)
                return Proxy(nginx, servers[:number])

            yield start
            for nginx in running:
                nginx.program.kill()


def test_forwarded_headers_of_clients_are_replaced(make_proxy: MakeProxy) -> None:
    proxy = make_proxy(1)
    names = ["For", "Proto", "Host", "Port", "Prefix"]
    spoofed = {f"X_Forwarded_{name}": "1.2.3.4" for name in names}

    proxy.call("GET", "/", **spoofed, X_Real_IP="1.2.3.4", Forwarded="for=1.2.3.4")

    headers = proxy.forwarded[0]["headers"]
    assert "1.2.3.4" not in headers.values()
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "https"
    assert headers["X-Forwarded-Host"] == headers["Host"] == "localhost"


@pytest.mark.parametrize(
    "path", ["/metrics", "//metrics", "/%6detrics", "/x/../metrics"]
)
def test_metrics_are_not_public(make_proxy: MakeProxy, path: str) -> None:
    proxy = make_proxy(1)

    response = proxy.call("GET", path)

    assert response.status == 404
    assert proxy.forwarded == []


@pytest.mark.parametrize("key", [{}, {"Idempotency_Key": "k"}], ids=["plain", "key"])
@pytest.mark.parametrize(
    ("size", "status"), [(MEBIBYTE, 200), (MEBIBYTE + 1, 413)], ids=["limit", "above"]
)
def test_body_is_limited_to_a_mebibyte(
    make_proxy: MakeProxy, size: int, status: int, key: dict[str, str]
) -> None:
    proxy = make_proxy(1)

    response = proxy.call("POST", TASKS, b"x" * size, **key)

    assert response.status == status
    assert response.body.get("bytes", size) == size
    assert response.body.get("code", "payload-too-large") == "payload-too-large"


@pytest.mark.parametrize(
    ("method", "key", "times"),
    [
        pytest.param("GET", {}, 2, id="read"),
        pytest.param("DELETE", {}, 2, id="idempotent write"),
        pytest.param("POST", {}, 1, id="create"),
        pytest.param("PATCH", {}, 1, id="update"),
        pytest.param("POST", {"Idempotency_Key": "k"}, 2, id="create with a key"),
        pytest.param("PATCH", {"Idempotency_Key": "k"}, 2, id="update with a key"),
    ],
)
def test_only_idempotent_requests_are_repeated(
    make_proxy: MakeProxy, method: str, key: dict[str, str], times: int
) -> None:
    proxy = make_proxy(2)
    for server in proxy.servers:
        server.closes_connections = True

    response = proxy.call(method, TASKS, b"{}", **key)

    assert len(proxy.forwarded) == times
    assert response.status == 503
    assert response.headers["Retry-After"] == "1"
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.body["code"] == "service-unavailable"


def test_writes_go_to_the_remaining_instance(make_proxy: MakeProxy) -> None:
    proxy = make_proxy(2)
    stopped = proxy.servers[0]
    stopped.shutdown()
    stopped.server_close()

    statuses = [proxy.call("POST", TASKS, b"{}").status for _ in range(4)]

    assert statuses == [200] * 4


def test_key_does_not_make_other_operations_repeatable(make_proxy: MakeProxy) -> None:
    proxy = make_proxy(2)
    for server in proxy.servers:
        server.closes_connections = True

    proxy.call("POST", "/api/v1/auth/register", b"{}", Idempotency_Key="k")

    assert len(proxy.forwarded) == 1


def test_version_of_nginx_is_hidden(make_proxy: MakeProxy) -> None:
    proxy = make_proxy(1)

    responses = [proxy.call("GET", path) for path in ("/", "/metrics")]

    assert [response.headers["Server"] for response in responses] == ["nginx"] * 2
    assert b"nginx/" not in responses[1].body


@pytest.mark.parametrize(
    ("host", "status", "location"),
    [
        ("tasks.example.org", 308, "https://tasks.example.org/x?y=z"),
        ("TASKS.example.org:80", 308, "https://tasks.example.org/x?y=z"),
        ("evil.example", 404, None),
        ("evil.tasks.example.org", 404, None),
        ("127.0.0.1", 404, None),
    ],
)
def test_plain_http_redirects_to_the_configured_host_only(
    make_proxy: MakeProxy, host: str, status: int, location: str | None
) -> None:
    proxy = make_proxy(1)
    connection = http.client.HTTPConnection("127.0.0.1", proxy.nginx.http_port)

    connection.request("POST", "/x?y=z", headers={"Host": host})
    response = connection.getresponse()
    connection.close()

    assert response.status == status
    assert response.headers["Location"] == location
    assert proxy.forwarded == []


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 404, "not-found"),
        (
            b"GET /.well-known/acme-challenge/none HTTP/1.1\r\nHost: x\r\n\r\n",
            404,
            "not-found",
        ),
        (b"rubbish\r\n\r\n", 400, "bad-request"),
        (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n", 414, "uri-too-long"),
    ],
    ids=["host", "file", "no-http", "414"],
)
def test_plain_http_errors_are_problems(
    make_proxy: MakeProxy, raw: bytes, status: int, code: str
) -> None:
    address = ("127.0.0.1", make_proxy(1).nginx.http_port)

    with socket.create_connection(address, 20) as connection:
        connection.sendall(raw)
        response = http.client.HTTPResponse(connection)
        response.begin()
        body = json.loads(response.read())

    assert (response.status, body["status"], body["code"]) == (status, status, code)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["X-Request-ID"] == body["request_id"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_nginx_closes_idle_connections_before_gunicorn() -> None:
    text = CONFIGURATION.read_text()
    upstream = re.search(r"upstream taskapi \{.*?\}", text, re.DOTALL)

    seconds = re.search(r"keepalive_timeout (\d+)s;", upstream[0] if upstream else "")

    assert seconds
    assert int(seconds[1]) < Settings.keepalive_seconds


def test_incomplete_requests_reach_no_instance(make_proxy: MakeProxy) -> None:
    proxy = make_proxy(1)

    measure_latency(proxy.nginx.port, proxy.nginx.certificate, 40, 3)

    lengths = {one["headers"].get("Content-Length") for one in proxy.forwarded}
    assert lengths == {None}


GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"rubbish\r\n\r\n", 400, "bad-request"),
        (b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 400, "bad-request"),
        (GET + b"Host: localhost\r\n\r\n", 400, "bad-request"),
        (GET + b"Content-Length: x\r\n\r\n", 400, "bad-request"),
        (b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, "method-not-allowed"),
        (GET + b"Content-Length: 2000000\r\n\r\n", 413, "payload-too-large"),
        (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n", 414, "uri-too-long"),
        (GET + b"A: " + b"x" * 40_000 + b"\r\n\r\n", 431, "headers-too-large"),
        (GET + b"Transfer-Encoding: gzip\r\n\r\n", 501, "not-implemented"),
    ],
    ids=["no-http", "version", "hosts", "length", "method", "413", "414", "431", "501"],
)
def test_requests_that_nginx_rejects_get_a_problem_document(
    make_proxy: MakeProxy, raw: bytes, status: int, code: str
) -> None:
    response = make_proxy(1).send(raw)

    assert (response.status, response.body["code"]) == (status, code)
    assert response.body["status"] == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["X-Request-ID"] == response.body["request_id"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Strict-Transport-Security"].startswith("max-age=")
    assert response.headers["Retry-After"] is None


def test_requests_that_nginx_rejects_keep_their_request_id(
    make_proxy: MakeProxy,
) -> None:
    response = make_proxy(1).call("GET", "/metrics", X_Request_ID="mine-7")

    assert response.body["request_id"] == response.headers["X-Request-ID"] == "mine-7"
    assert response.body["code"] == "not-found"


def test_request_line_of_16384_bytes_reaches_an_instance(
    make_proxy: MakeProxy,
) -> None:
    path = "/".ljust(16_384 - len("GET  HTTP/1.1"), "x")

    assert make_proxy(1).call("GET", path).status == 200
