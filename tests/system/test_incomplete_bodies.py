"""Truncated and malformed requests over raw sockets: none has an effect."""

import http.client
import json
import socket
import struct

import pytest
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser

from taskapi.server import wire
from tests.helpers.client import API, Client
from tests.helpers.server import SECONDS_TO_RESPOND, Response, Server, log_in
from tests.system.conftest import Serve

SECRET = "secretZ"
LINES = b"".join(b'{"title": "Task %d"}\n' % n for n in range(200))
TASK = json.dumps({"title": SECRET}).encode()
HALF = b"5\r\nhel"


def send_and_stop(server: Server, raw: bytes) -> Response:
    """Send these bytes, close the sending side only, and read the response."""
    address = ("127.0.0.1", server.port)
    with socket.create_connection(address, SECONDS_TO_RESPOND) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return Response(response.status, response.headers, response.read())


def head(method: str, path: str, token: str, *headers: str) -> bytes:
    """Return the head of a request with a token."""
    lines = [f"{method} {API}/{path} HTTP/1.1", "Host: localhost"]
    lines += [f"Authorization: Bearer {token}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def sized(size: int, kind: str = "application/json", *more: str) -> tuple[str, ...]:
    return (f"Content-Length: {size}", f"Content-Type: {kind}", *more)


def titles(server: Server, token: str) -> list[str]:
    bearer = {"Authorization": f"Bearer {token}"}
    listed = server.call("GET", f"{API}/tasks?limit=100", headers=bearer)
    return [task["title"] for task in listed.json["items"]]


def create_task(server: Server, token: str) -> int:
    bearer = {"Authorization": f"Bearer {token}"}
    made = server.call("POST", f"{API}/tasks", {"title": "Kept"}, bearer)
    return int(made.json["id"])


def rejected(response: Response, status: int = 400, code: str = "bad-request") -> None:
    assert (response.status, response.json["code"]) == (status, code)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["X-Request-ID"] == response.json["request_id"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Connection"] == "close"


@pytest.mark.parametrize("kind", ["application/x-ndjson", "text/csv"])
def test_truncated_import_imports_nothing(
    server: Server, token: str, kind: str
) -> None:
    body = LINES if kind != "text/csv" else b"title\r\n" + b"Task\r\n" * 200
    before = titles(server, token)
    key = f"Idempotency-Key: broken-{kind}"
    request = head("POST", "users/me/import", token, *sized(len(body), kind, key))

    response = send_and_stop(server, request + body[: len(body) // 2])

    rejected(response)
    assert titles(server, token) == before
    whole = server.send(request + body)
    assert whole.json["created"] == 200
    assert whole.headers["Idempotency-Replayed"] is None


def test_truncated_body_that_is_valid_json_creates_nothing(
    server: Server, token: str
) -> None:
    before = titles(server, token)
    request = head("POST", "tasks", token, *sized(len(TASK) + 1))

    response = send_and_stop(server, request + TASK)

    rejected(response)
    assert titles(server, token) == before


def test_truncated_login_form_creates_no_session(server: Server) -> None:
    body = b"grant_type=password&username=ann&password=a+long+walk+in+the+rain"
    kind = "application/x-www-form-urlencoded"
    request = head("POST", "auth/token", "", *sized(len(body) + 9, kind))

    response = send_and_stop(server, request + body)

    rejected(response)
    assert response.json["error"] == "invalid_request"


def test_operation_without_a_body_needs_a_complete_request(
    server: Server, token: str
) -> None:
    task_id = create_task(server, token)

    for headers, body in [
        (sized(10), b"{}"),
        (("Transfer-Encoding: chunked",), HALF),
    ]:
        request = head("DELETE", f"tasks/{task_id}", token, *headers)
        rejected(send_and_stop(server, request + body))

    assert (
        server.call(
            "GET",
            f"{API}/tasks/{task_id}",
            headers={"Authorization": f"Bearer {token}"},
        ).status
        == 200
    )


def test_truncated_logout_ends_no_session(server: Server, token: str) -> None:
    request = head("POST", "auth/logout", token, *sized(20))

    rejected(send_and_stop(server, request))

    assert (
        server.call(
            "GET", f"{API}/users/me", headers={"Authorization": f"Bearer {token}"}
        ).status
        == 200
    )


@pytest.mark.parametrize(
    "tail",
    [
        b"zz\r\n",
        b"-5\r\n",
        b"\r\n",
        b"0x5\r\n",
        b"5;\r\n",
        b"2\r\nlonger\r\n0\r\n\r\n",
        b"5\r\nshort",
        b"5\r\nhelloX\r\n0\r\n\r\n",
        b"5\r\nhello\r\n",
        b"0\r\n",
        b"0\r\nno colon\r\n\r\n",
        b"0\r\nContent-Length: 5\r\n\r\n",
        b"0\r\nX: a\nb\r\n\r\n",
        b"f" * 9000,
        b"f" * 400 + b"\r\n",
    ],
    ids=[
        "no-number",
        "negative",
        "empty",
        "prefix",
        "extension",
        "longer",
        "shorter",
        "no-line-end",
        "no-last-chunk",
        "no-last-line",
        "trailer",
        "forbidden-trailer",
        "trailer-line-end",
        "endless-size",
        "huge-size",
    ],
)
def test_malformed_chunked_body_is_rejected(
    server: Server, token: str, tail: bytes
) -> None:
    before, logged = titles(server, token), len(server.lines())
    kind = ("Transfer-Encoding: chunked", "Content-Type: application/json")
    request = head("POST", "tasks", token, *kind)
    whole = b"%x\r\n%s\r\n" % (len(TASK), TASK)

    response = send_and_stop(server, request + whole + tail)

    rejected(response)
    assert titles(server, token) == before
    lines = server.lines()[logged:]
    assert not [line for line in lines if SECRET in line or "Traceback" in line]
    assert {json.loads(line)["level"] for line in lines} <= {"info", "warning"}


def test_chunked_body_with_trailers_is_read(server: Server, token: str) -> None:
    kind = ("Transfer-Encoding: chunked", "Content-Type: application/json")
    request = head("POST", "tasks", token, *kind)
    body = b"%x;name=value\r\n%s\r\n0\r\nX-Sum: 1\r\n\r\n" % (len(TASK), TASK)

    assert server.send(request + body).status == 201


@pytest.mark.parametrize(
    "coding",
    ["gzip, chunked", "gzip", "identity", "identity, chunked", "deflate,chunked", "x"],
)
def test_another_transfer_coding_is_not_implemented(
    server: Server, token: str, coding: str
) -> None:
    before = titles(server, token)
    kind = (f"Transfer-Encoding: {coding}", "Content-Type: application/json")
    request = head("POST", "tasks", token, *kind)
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(TASK), TASK)

    response = send_and_stop(server, request + body)

    rejected(response, 501, "not-implemented")
    assert titles(server, token) == before


@pytest.mark.parametrize(
    "framing",
    [
        ["Content-Length: 5", "Content-Length: 5"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked, chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Content-Length: -5"],
        ["Content-Length: +5"],
        ["Content-Length: 5, 5"],
        ["Content-Length: 0x5"],
        ["Content-Length: " + "9" * 5000],
    ],
    ids=[
        "same-lengths",
        "lengths",
        "both",
        "twice",
        "two-headers",
        "negative",
        "plus",
        "list",
        "hex",
        "huge",
    ],
)
def test_ambiguous_length_is_rejected(
    server: Server, token: str, framing: list[str]
) -> None:
    request = head("POST", "tasks", token, "Content-Type: application/json", *framing)

    rejected(send_and_stop(server, request + b"5\r\nhello\r\n0\r\n\r\n"))


def test_chunked_body_is_rejected_in_http_1_0(server: Server, token: str) -> None:
    request = head("POST", "tasks", token, "Transfer-Encoding: chunked")

    rejected(send_and_stop(server, request.replace(b"HTTP/1.1", b"HTTP/1.0", 1)))


def test_import_of_a_lost_client_imports_nothing(server: Server, token: str) -> None:
    before, logged = titles(server, token), len(server.lines())
    kind = sized(len(LINES), "application/x-ndjson")
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        reset = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        connection.sendall(head("POST", "users/me/import", token, *kind) + LINES[:999])

    (line,) = server.entries_after(logged)
    assert (line["status"], line["level"]) == (400, "info")
    assert titles(server, token) == before


def test_credential_must_be_valid_when_the_body_is_complete(server: Server) -> None:
    token = log_in(server).json["access_token"]
    request = head("POST", "tasks", token, *sized(len(TASK)))
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(request + TASK[:5])
        bearer = {"Authorization": f"Bearer {token}"}
        server.call("POST", f"{API}/auth/logout", headers=bearer)
        connection.sendall(TASK[5:])
        response = http.client.HTTPResponse(connection)
        response.begin()

    assert response.status == 401


def test_body_must_arrive_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "BODY_SECONDS", 0)
    client, served = socket.socketpair()
    with client, served:
        client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf")
        request = next(RequestParser(Config(), served, ("", 0)))
        wire.guard_body(request, served)

        with pytest.raises(BlockingIOError):  # it does not wait any longer
            request.body.read()

    assert request.should_close()


def test_incomplete_request_changes_neither_database(
    instance: Serve, ann: Client
) -> None:
    server = instance(WEB_CONCURRENCY=1)
    token = str(ann.tokens["access_token"])
    key = "Idempotency-Key: broken"
    kind = sized(len(LINES), "application/x-ndjson", key)
    request = head("POST", "users/me/import", token, *kind)

    rejected(send_and_stop(server, request + LINES[:999]))

    assert titles(server, token) == []
    assert server.send(request + LINES).json["created"] == 200
