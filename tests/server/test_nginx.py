"""nginx as it is shipped, in front of instances that say what they heard."""

import http.client
import json
import re
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config import Settings
from tests.helpers import slow_clients as slow
from tests.helpers.nginx import SHIPPED, Nginx
from tests.helpers.programs import need
from tests.server.echo import echoes
from tests.server.fronts import Front

MEBIBYTE = 1024 * 1024
TASKS = "/api/v1/tasks"
Fronted = Callable[[int], Front]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that a program running as nobody can reach, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="taskapi-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def fronted(folder: Path) -> Iterator[Callable[[int], Front]]:
    """Return a maker of nginx, as it is shipped, in front of so many instances."""
    need("nginx", "openssl")
    made: list[Nginx] = []
    with echoes(2) as behind:

        def start(number: int) -> Front:
            made.append(Nginx(folder, [one.port for one in behind[:number]]))
            return Front(made[-1], behind[:number])

        yield start
        for nginx in made:
            nginx.program.kill()


def test_what_a_client_says_about_itself_is_not_passed_on(fronted: Fronted) -> None:
    front = fronted(1)
    names = ["For", "Proto", "Host", "Port", "Prefix"]
    spoofed = {f"X_Forwarded_{name}": "1.2.3.4" for name in names}

    front.call("GET", "/", **spoofed, X_Real_IP="1.2.3.4", Forwarded="for=1.2.3.4")

    heard = front.behind[0].heard[0]["headers"]
    assert "1.2.3.4" not in heard.values()
    assert heard["X-Forwarded-For"] == "127.0.0.1"
    assert heard["X-Forwarded-Proto"] == "https"
    assert heard["X-Forwarded-Host"] == heard["Host"] == "localhost"


@pytest.mark.parametrize(
    "path", ["/metrics", "//metrics", "/%6detrics", "/x/../metrics"]
)
def test_figures_are_not_for_the_outside(fronted: Fronted, path: str) -> None:
    front = fronted(1)

    answer = front.call("GET", path)

    assert answer.status == 404
    assert front.behind[0].heard == []


@pytest.mark.parametrize("key", [{}, {"Idempotency_Key": "k"}], ids=["plain", "key"])
@pytest.mark.parametrize(
    ("size", "status"), [(MEBIBYTE, 200), (MEBIBYTE + 1, 413)], ids=["fits", "beyond"]
)
def test_a_body_may_have_a_mebibyte(
    fronted: Fronted, size: int, status: int, key: dict[str, str]
) -> None:
    front = fronted(1)

    answer = front.call("POST", TASKS, b"x" * size, **key)

    assert answer.status == status
    assert answer.body.get("bytes", size) == size
    assert answer.body.get("code", "payload-too-large") == "payload-too-large"


@pytest.mark.parametrize(
    ("method", "key", "times"),
    [
        pytest.param("GET", {}, 2, id="reads are repeated"),
        pytest.param("DELETE", {}, 2, id="what ends the same way is repeated"),
        pytest.param("POST", {}, 1, id="a write is not"),
        pytest.param("PATCH", {}, 1, id="a change is not"),
        pytest.param("POST", {"Idempotency_Key": "k"}, 2, id="a write with a key is"),
        pytest.param("PATCH", {"Idempotency_Key": "k"}, 2, id="a change with a key is"),
    ],
)
def test_only_what_may_be_done_twice_is_asked_twice(
    fronted: Fronted, method: str, key: dict[str, str], times: int
) -> None:
    front = fronted(2)
    for one in front.behind:
        one.hangs_up = True

    answer = front.call(method, TASKS, b"{}", **key)

    assert sum(len(one.heard) for one in front.behind) == times
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["code"] == "service-unavailable"


def test_a_write_goes_to_the_other_instance_when_one_is_gone(fronted: Fronted) -> None:
    front = fronted(2)
    gone = front.behind[0]
    gone.shutdown()
    gone.server_close()

    answers = [front.call("POST", TASKS, b"{}").status for _ in range(4)]

    assert answers == [200] * 4


def test_a_key_makes_nothing_else_repeatable(fronted: Fronted) -> None:
    front = fronted(2)
    for one in front.behind:
        one.hangs_up = True

    front.call("POST", "/api/v1/auth/register", b"{}", Idempotency_Key="k")

    assert sum(len(one.heard) for one in front.behind) == 1


def test_the_server_does_not_say_which_nginx_it_is(fronted: Fronted) -> None:
    front = fronted(1)

    answers = [front.call("GET", path) for path in ("/", "/metrics")]

    assert [answer.headers["Server"] for answer in answers] == ["nginx"] * 2
    assert b"nginx/" not in answers[1].body


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
    fronted: Fronted, host: str, status: int, location: str | None
) -> None:
    front = fronted(1)
    connection = http.client.HTTPConnection("127.0.0.1", front.nginx.plain_port)

    connection.request("POST", "/x?y=z", headers={"Host": host})
    response = connection.getresponse()
    connection.close()

    assert response.status == status
    assert response.headers["Location"] == location
    assert front.behind[0].heard == []


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
    fronted: Fronted, raw: bytes, status: int, code: str
) -> None:
    address = ("127.0.0.1", fronted(1).nginx.plain_port)

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
    upstream = re.search(r"upstream taskapi \{.*?\}", SHIPPED.read_text(), re.DOTALL)

    seconds = re.search(r"keepalive_timeout (\d+)s;", upstream[0] if upstream else "")

    assert seconds
    assert int(seconds[1]) < Settings.keepalive_seconds


def test_half_sent_requests_reach_no_instance(fronted: Fronted) -> None:
    front = fronted(1)

    slow.run(front.nginx.port, front.nginx.certificate, 40, 3)

    lengths = {one["headers"].get("Content-Length") for one in front.behind[0].heard}
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
def test_what_nginx_rejects_gets_a_problem(
    fronted: Fronted, raw: bytes, status: int, code: str
) -> None:
    response = fronted(1).send(raw)

    assert (response.status, response.body["code"]) == (status, code)
    assert response.body["status"] == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["X-Request-ID"] == response.body["request_id"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Strict-Transport-Security"].startswith("max-age=")
    assert response.headers["Retry-After"] is None


def test_what_nginx_rejects_keeps_its_request_id(fronted: Fronted) -> None:
    response = fronted(1).call("GET", "/metrics", X_Request_ID="mine-7")

    assert response.body["request_id"] == response.headers["X-Request-ID"] == "mine-7"
    assert response.body["code"] == "not-found"


def test_a_request_line_of_16384_bytes_reaches_an_instance(fronted: Fronted) -> None:
    path = "/".ljust(16_384 - len("GET  HTTP/1.1"), "x")

    assert fronted(1).call("GET", path).status == 200
