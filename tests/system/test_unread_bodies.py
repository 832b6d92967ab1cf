"""Connections on which a response came early: the next request has its own response."""

import http.client
import json
import re
import socket

import pytest

from tests.helpers.client import API
from tests.helpers.server import SECONDS_TO_RESPOND, Response, Server, get_request

MEBIBYTE = 1024 * 1024
NEXT = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


def read(connection: socket.socket, method: str = "GET") -> Response:
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    return Response(response.status, response.headers, response.read())


def post(path: str, *headers: str, method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", ""]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", f"{API}/nothing", 404),
        ("DELETE", f"{API}/auth/login", 405),
        ("POST", f"{API}/tasks", 401),
        ("POST", f"{API}/auth/login", 415),
        ("GET", "/health/live", 200),
        ("DELETE", f"{API}/tasks/7", 401),
        ("POST", f"{API}/users/me/import", 401),
    ],
)
@pytest.mark.parametrize("chunked", [False, True], ids=["sized", "chunked"])
def test_next_request_has_its_own_response(
    server: Server, method: str, path: str, status: int, *, chunked: bool
) -> None:
    size = MEBIBYTE - 1
    body = b"x" * size
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    sent = b"%x\r\n%s\r\n0\r\n\r\n" % (size, body) if chunked else body
    address = ("127.0.0.1", server.port)
    with socket.create_connection(address, SECONDS_TO_RESPOND) as connection:
        connection.sendall(post(path, framing, "Content-Type: x/y", method=method))
        connection.sendall(sent)
        first = read(connection)
        connection.sendall(NEXT)
        second = read(connection)

    assert first.status == status
    assert first.headers["Connection"] == "keep-alive"
    assert (second.status, second.json) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    "framing", [f"Content-Length: {2 * MEBIBYTE}", "Transfer-Encoding: chunked"]
)
@pytest.mark.parametrize(
    ("path", "status"),
    [("auth/login", 413), ("tasks", 401), ("nothing", 404)],
)
def test_body_that_is_too_large_closes_the_connection(
    server: Server, framing: str, path: str, status: int
) -> None:
    kind = "Content-Type: application/json"
    chunk = b"%x\r\n%s\r\n" % (2 * MEBIBYTE, b" " * 2 * MEBIBYTE)
    body = chunk if framing.endswith("chunked") else b" " * 2 * MEBIBYTE
    address = ("127.0.0.1", server.port)
    with socket.create_connection(address, SECONDS_TO_RESPOND) as connection:
        connection.sendall(post(f"{API}/{path}", framing, kind))
        connection.sendall(body)
        response = read(connection)

    assert response.status == status
    assert response.headers["Connection"] == "close"


def test_large_body_is_rejected_by_operations_without_a_body(
    server: Server, token: str
) -> None:
    bearer = {"Authorization": f"Bearer {token}"}
    task = server.call("POST", f"{API}/tasks", {"title": "Kept"}, bearer).json
    path = f"{API}/tasks/{task['id']}"

    response = server.call("DELETE", path, " " * 2 * MEBIBYTE, bearer)

    assert (response.status, response.json["code"]) == (413, "payload-too-large")
    assert server.call("GET", path, headers=bearer).status == 200


def test_pipelined_requests_get_responses_in_order(server: Server, token: str) -> None:
    task = json.dumps({"title": "Piped"}).encode()
    bearer = f"Authorization: Bearer {token}"
    kind = "Content-Type: application/json"
    first = post(f"{API}/tasks", bearer, kind, f"Content-Length: {len(task)}") + task
    wrong = post(f"{API}/nothing", kind, f"Content-Length: {len(task)}") + task
    address = ("127.0.0.1", server.port)
    with socket.create_connection(address, SECONDS_TO_RESPOND) as connection:
        connection.sendall(first + wrong + get_request("/health/live"))
        received = b"".join(iter(lambda: connection.recv(65536), b""))

    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"201", b"404", b"200"]


def test_expect_100_continue_is_supported(server: Server, token: str) -> None:
    task = json.dumps({"title": "Awaited"}).encode()
    bearer, kind = f"Authorization: Bearer {token}", "Content-Type: application/json"
    framing = (f"Content-Length: {len(task)}", "Expect: 100-continue")
    address = ("127.0.0.1", server.port)
    with socket.create_connection(address, SECONDS_TO_RESPOND) as connection:
        connection.sendall(post(f"{API}/tasks", bearer, kind, *framing))
        interim = connection.recv(25, socket.MSG_WAITALL)
        connection.sendall(task)
        response = read(connection)

    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert response.status == 201
