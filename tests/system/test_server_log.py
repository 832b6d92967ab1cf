"""The log of a real server, and secrets that it never contains."""

import json
import re
from collections.abc import Callable

import pytest

from tests.helpers.client import API
from tests.helpers.server import Server, chunked, get_request

JSON = "Content-Type: application/json"
EVENTS = {"method", "route", "status", "ms", "event", "request_id", "level"}
Serve = Callable[..., Server]


def test_every_line_of_the_log_is_one_json_document(serving: Serve) -> None:
    server = serving()
    server.call("GET", f"{API}/nothing")
    server.send(b"not http\r\n\r\n")
    server.stop()

    entries = [json.loads(line) for line in server.lines()]

    assert len(entries) > 5
    assert not [e for e in entries if not {"event", "level", "timestamp"} <= set(e)]


def test_missing_administrator_is_logged_once_per_server(serving: Serve) -> None:
    server = serving(WEB_CONCURRENCY=2)
    server.wait_for_output("no administrator")
    server.stop()

    assert len(server.entries("no administrator")) == 1


def test_each_request_is_logged_once_with_its_route(server: Server, token: str) -> None:
    mark = {"X-Request-ID": "one-line", "Authorization": f"Bearer {token}"}

    server.call("GET", f"{API}/tasks/{2**62}", headers=mark)

    (line,) = [e for e in server.entries() if e["request_id"] == "one-line"]
    assert set(line) == EVENTS | {"timestamp", "user_id"}
    assert (line["method"], line["status"]) == ("GET", 404)
    assert line["route"] == f"{API}/tasks/<id:task_id>"


def test_secrets_are_not_logged(server: Server, token: str) -> None:
    secret = "secretX"
    account = {"email": f"{secret}@example.org", "password": f"{secret} {secret}"}
    bad = {"Authorization": f"Bearer {secret}", "Cookie": secret, "Referer": secret}
    server.call("POST", f"{API}/auth/register?{secret}={secret}", account, bad)
    server.call("POST", f"{API}/auth/register", account)
    tokens = server.call("POST", f"{API}/auth/login", account).json
    server.call("POST", f"{API}/auth/refresh", {"refresh_token": secret})
    server.call("GET", f"{API}/tasks/{secret}?{secret}", headers=bad)
    server.call("GET", f"{API}/tasks?cursor={secret}&{secret}=1", headers=bad)
    server.send(chunked("POST", f"{API}/auth/login", [secret.encode()], JSON))

    logged = server.log.read_text()

    assert secret not in logged
    assert token not in logged
    assert tokens["access_token"] not in logged
    assert tokens["refresh_token"] not in logged


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /?token=secretY\r\n\r\n",
        b"GET /?token=secretY HTTP/9.9 secretY\r\n\r\n",
        b"GET /?token=secretY\x1b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nBearer secretY: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nExpect: secretY\r\n\r\n",
    ],
    ids=["no-version", "version", "control", "name", "expect"],
)
def test_secrets_of_invalid_http_are_not_logged(server: Server, raw: bytes) -> None:
    before = len(server.lines())

    response = server.send(raw)

    assert 400 <= response.status < 500
    assert not [line for line in server.lines()[before:] if "secretY" in line]


def test_invalid_http_gets_its_own_request_id(serving: Serve) -> None:
    server = serving(THREADS=1)
    server.call("GET", API, headers={"X-Request-ID": "of-another"})
    server.send(b"GET\r\n\r\n")
    server.stop()

    own = [line for line in server.lines() if "of-another" in line]

    assert len(own) == 1


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("/%0d%0a%7b%22event%22%3a1%7d", "X: 1"),
        ("/%1b%5b2J%1b%5b31m", "X: 1"),
        ("/%e2%80%a8%c2%85", "X: 1"),
        ("/", "X-Request-ID: a\x1b[31m"),
        ("/", 'X-Request-ID: "}{"event":"forged"'),
        ("/", "User-Agent: \x85\xa8 a"),
    ],
    ids=["newline", "escape", "separator", "id-escape", "id-json", "agent"],
)
def test_log_lines_are_never_split(server: Server, path: str, header: str) -> None:
    before = len(server.lines())

    server.send(get_request(path, header))

    added = [json.loads(line) for line in server.lines()[before:]]
    assert not re.findall(r"[^\x20-\x7e\n]", server.log.read_text())
    assert not [entry for entry in added if entry["event"] == "forged"]
