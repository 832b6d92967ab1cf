"""Requests that gunicorn rejects: their errors are problem documents, too."""

import re
import secrets
from urllib.parse import quote

import pytest

from tests.helpers.client import API
from tests.helpers.server import Response, Server, get_request
from tests.system.conftest import Serve

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id"}
GET = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"
LONGEST = 16_384


def rejected(response: Response, status: int, code: str) -> None:
    """Assert that a response is this problem, with the common headers."""
    assert (response.status, response.json["code"]) == (status, code)
    assert set(response.json) == MEMBERS
    assert response.json["type"] == f"/problems/{code}"
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["X-Request-ID"] == response.json["request_id"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["Connection"] == "close"


REJECTED = {
    "no-http": (b"invalid\r\n\r\n", 400, "bad-request"),
    "method": (b"get / HTTP/1.1\r\n\r\n", 400, "bad-request"),
    "version": (b"GET / HTTP/9.9\r\n\r\n", 400, "bad-request"),
    "lines": (b"GET / HTTP/1.1\nHost: localhost\n\n", 400, "bad-request"),
    "authority": (b"GET localhost:80 HTTP/1.1\r\n\r\n", 400, "bad-request"),
    "header": (GET + b"no colon\r\n\r\n", 400, "bad-request"),
    "folded": (GET + b"A: b\r\n c\r\n\r\n", 400, "bad-request"),
    "control": (GET + b"A: \x01\r\n\r\n", 400, "bad-request"),
    "hosts": (GET + b"Host: localhost\r\n\r\n", 400, "bad-request"),
    "url": (b"GET /" + b"x" * LONGEST + b" HTTP/1.1\r\n\r\n", 414, "uri-too-long"),
    "endless-url": (b"GET /" + b"x" * 2 * LONGEST, 414, "uri-too-long"),
    "expect": (GET + b"Expect: tea\r\n\r\n", 417, "expectation-failed"),
    "large": (GET + b"A: " + b"x" * 8190 + b"\r\n\r\n", 431, "headers-too-large"),
    "many": (GET + b"A: b\r\n" * 101 + b"\r\n", 431, "headers-too-large"),
    "coding": (
        GET + b"Transfer-Encoding: br, chunked\r\n\r\n",
        501,
        "not-implemented",
    ),
}


@pytest.mark.parametrize(
    ("raw", "status", "code"), list(REJECTED.values()), ids=list(REJECTED)
)
def test_request_that_cannot_be_parsed_gets_a_problem(
    server: Server, raw: bytes, status: int, code: str
) -> None:
    before = len(server.lines())

    response = server.send(raw)

    rejected(response, status, code)
    (line,) = server.entries_after(before)
    assert (line["event"], line["level"]) == ("request", "info")
    assert (line["status"], line["request_id"]) == (status, response.json["request_id"])


def test_rejected_request_keeps_its_request_id_and_path(server: Server) -> None:
    head = b"GET /api/v1/caf%C3%A9?x=1 HTTP/1.1\r\nX-Request-ID: mine-7\r\n"

    response = server.send(head + b"Expect: tea\r\n\r\n")

    assert response.headers["X-Request-ID"] == response.json["request_id"] == "mine-7"
    assert response.json["instance"] == "/api/v1/caf%C3%A9"


def test_rejected_head_request_has_no_body(server: Server) -> None:
    response = server.send(b"HEAD / HTTP/1.1\r\nExpect: tea\r\n\r\n")

    assert (response.status, response.body) == (417, b"")


def test_rejected_request_behind_https_has_https_links(serving: Serve) -> None:
    server = serving(PUBLIC_URL="https://tasks.example.org")

    response = server.send(b"invalid\r\n\r\n")

    assert response.headers["Strict-Transport-Security"].startswith("max-age=")


@pytest.mark.parametrize("path", ["/api/v1/tasks?q=café", "/api/v1/café"])
def test_url_that_is_not_encoded_is_rejected_with_a_hint(
    server: Server, path: str
) -> None:
    response = server.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    rejected(response, 400, "bad-request")
    assert "ercent-encode" in response.json["detail"]


def test_bytes_of_another_protocol_get_no_hint_about_urls(server: Server) -> None:
    response = server.send(b"\x16\x03\x01\x02\x00\x01\xfc\r\n\r\n")

    rejected(response, 400, "bad-request")
    assert "ercent-encode" not in response.json["detail"]


@pytest.mark.parametrize("character", ["木", "🌱"])
def test_query_at_its_documented_maximum_is_read(
    server: Server, token: str, character: str
) -> None:
    tags = "&".join(f"tag={quote(character * 49 + str(n % 10))}" for n in range(20))

    response = server.send(
        get_request(f"{API}/tasks?{tags}", f"Authorization: Bearer {token}")
    )

    assert (response.status, response.json["items"]) == (200, [])


def test_request_line_may_have_16384_bytes(server: Server) -> None:
    line = f"GET {API}/nothing/".ljust(LONGEST - len(" HTTP/1.1"), "x") + " HTTP/1.1"

    longest = server.send(f"{line}\r\nHost: x\r\n\r\n".encode())
    longer = server.send(f"{line.replace('/x', '/xx', 1)}\r\nHost: x\r\n\r\n".encode())

    assert len(line) == LONGEST
    assert (longest.status, longer.status) == (404, 414)


@pytest.mark.parametrize(
    "head",
    [
        b"GET //evil.example/%00 HTTP/1.1\r\nExpect: x\r\n\r\n",
        b"GET /%ff%fe HTTP/1.1\r\nHost: \xff\xfe\r\nExpect: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-Request-ID: \xff\r\nOrigin: \xff\r\nExpect: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Type: \xff;=\r\nExpect: x\r\n\r\n",
        b"GET /" + b"%ff" * 5000 + b" HTTP/1.1\r\nExpect: x\r\n\r\n",
    ],
)
def test_rejected_request_may_contain_any_bytes(server: Server, head: bytes) -> None:
    response = server.send(head)

    rejected(response, 417, "expectation-failed")


def test_rejected_request_is_counted(serving: Serve) -> None:
    token = secrets.token_hex(32)
    server = serving(METRICS_TOKEN=token)

    server.send(b"invalid\r\n\r\n")

    bearer = {"Authorization": f"Bearer {token}"}
    counted = server.call("GET", "/metrics", headers=bearer).body.decode()
    assert re.search(r'requests_total\{.*status="400".*\} 1\.0', counted), counted
