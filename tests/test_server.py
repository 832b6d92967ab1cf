"""gunicorn as it is shipped: a real process, a real socket, a real log."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask

from tests.support import API, PASSWORD
from tests.system.server import ROOT, Answer, Server, chunked, environment

SECRET_KEY = "Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS"
FLASK = str(Path(sys.executable).with_name("flask"))
JSON = "Content-Type: application/json"
HSTS = "Strict-Transport-Security"
ACCOUNT = {"username": "ann", "password": PASSWORD}
PARTS = ["config.py", "gunicorn.conf.py", "migrations", "taskapi", "wsgi.py"]
EVENTS = {"method", "route", "status", "ms", "event", "request_id", "level"}
LOGINS = 50
SECONDS = 1.0
Serve = Callable[..., Server]


@pytest.fixture(scope="module")
def serving(
    make_app: Callable[..., Flask], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serve]:
    """Return a starter of servers, each with a database and settings of its own."""
    started: list[Server] = []

    def start(**settings: object) -> Server:
        folder = tmp_path_factory.mktemp("server")
        address = f"sqlite:///{folder}/tasks.db"
        with make_app(database_url=address).app_context():
            flask_migrate.upgrade()
        usual = {"DATABASE_URL": address, "SECRET_KEY": SECRET_KEY, "BCRYPT_ROUNDS": 4}
        usual |= {"ENVIRONMENT": "production", "RATELIMIT_ENABLED": False}
        variables = environment(**usual | settings)
        started.append(Server(ROOT, variables, folder / "log"))
        return started[-1].wait()

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def server(serving: Serve) -> Server:
    """Return a server with Ann's account, shared by tests that do not stop it."""
    made = serving()
    assert made.call("POST", f"{API}/auth/register", ACCOUNT).status == 201
    return made


@pytest.fixture
def token(server: Server) -> str:
    """Return a token of Ann's."""
    return str(log_in(server).json["access_token"])


def log_in(server: Server, **headers: str) -> Answer:
    return server.call("POST", f"{API}/auth/login", ACCOUNT, headers)


def knows(server: Server, name: str) -> bool:
    account = {"username": name, "password": PASSWORD}
    return server.call("POST", f"{API}/auth/login", account).status == 200


def ask(path: str, *headers: str) -> bytes:
    """Write a request as it goes over the wire."""
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1")


def crowd(server: Server) -> tuple[list[Answer], list[float]]:
    """Log in fifty times at once; return the answers, and how long probes took."""
    probes = []
    with ThreadPoolExecutor(LOGINS) as pool:
        logins = [pool.submit(log_in, server) for _ in range(LOGINS)]
        while not all(map(Future.done, logins)):
            began = time.monotonic()
            assert server.call("GET", "/health/live").status == 200
            probes.append(time.monotonic() - began)
    return [login.result() for login in logins], probes


def test_a_server_serves_and_ends_when_it_is_asked_to(serving: Serve) -> None:
    server = serving()
    server.call("POST", f"{API}/auth/register", ACCOUNT)
    bearer = {"Authorization": f"Bearer {log_in(server).json['access_token']}"}

    made = server.call("POST", f"{API}/tasks", {"title": "Sow"}, bearer)
    listed = server.call("GET", f"{API}/tasks", headers=bearer)

    assert (made.status, listed.status) == (201, 200)
    assert listed.json["items"] == [made.json]
    assert server.stop() == 0


def test_every_line_of_the_log_is_one_json_document(serving: Serve) -> None:
    server = serving()
    server.call("GET", f"{API}/nothing")
    server.send(b"not http\r\n\r\n")
    server.stop()

    entries = [json.loads(line) for line in server.lines()]

    assert len(entries) > 5
    assert not [e for e in entries if not {"event", "level", "timestamp"} <= set(e)]


def test_each_request_leaves_one_line_by_route(server: Server, token: str) -> None:
    mark = {"X-Request-ID": "one-line", "Authorization": f"Bearer {token}"}

    server.call("GET", f"{API}/tasks/7", headers=mark)

    (line,) = [e for e in server.entries() if e["request_id"] == "one-line"]
    assert set(line) == EVENTS | {"timestamp", "user_id"}
    assert (line["method"], line["status"]) == ("GET", 404)
    assert line["route"] == f"{API}/tasks/<id:task_id>"


def test_a_body_in_chunks_is_read(server: Server) -> None:
    body = json.dumps({"username": "chunky", "password": PASSWORD}).encode()

    made = server.send(
        chunked("POST", f"{API}/auth/register", [body[:9], body[9:]], JSON)
    )

    assert made.status == 201
    assert knows(server, "chunky")


def test_a_large_body_in_chunks_is_refused_and_not_executed(server: Server) -> None:
    body = json.dumps({"username": "large", "password": PASSWORD}).encode()
    padding = [b" " * 2**16] * 17

    refused = server.send(
        chunked("POST", f"{API}/auth/register", [body, *padding], JSON)
    )

    assert (refused.status, refused.json["code"]) == (413, "payload-too-large")
    assert not knows(server, "large")


@pytest.mark.parametrize("written", ["Bearer {}\t", "Bearer {} \t ", "\tBearer {}"])
def test_white_space_around_a_credential_is_no_part_of_it(
    server: Server, token: str, written: str
) -> None:
    header = f"Authorization: {written.format(token)}"

    answer = server.send(ask(f"{API}/users/me", header))

    assert answer.status == 200


def test_a_tab_does_not_separate_a_credential(server: Server, token: str) -> None:
    answer = server.send(ask(f"{API}/users/me", f"Authorization: Bearer\t{token}"))

    assert (answer.status, answer.json["code"]) == (401, "token-missing")


def test_a_host_that_is_not_ours_is_refused(serving: Serve) -> None:
    server = serving(TRUSTED_HOSTS="tasks.example.org,*.example.net")
    forged = {"Host": "evil.example", "X-Forwarded-Host": "tasks.example.org"}

    ours = server.call("GET", API, headers={"Host": "tasks.example.org"})
    theirs = server.call("GET", API, headers=forged)

    assert ours.status == 200
    assert (theirs.status, theirs.json["code"]) == (400, "bad-request")
    assert theirs.headers["Content-Type"] == "application/problem+json"


def test_a_monitor_on_the_same_machine_needs_no_host_name(serving: Serve) -> None:
    server = serving(TRUSTED_HOSTS="tasks.example.org")

    answer = server.call("GET", "/health")  # as the image's HEALTHCHECK does

    assert answer.status == 200


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-Proto: https",
        "X-Forwarded-Ssl: on",
        "X-Forwarded-Protocol: ssl",
        "X-Forwarded-Host: evil.example",
        "Forwarded: proto=https;host=evil.example",
        "X-Forwarded-Prefix: /evil",
        "SCRIPT_NAME: /health",
        "PATH_INFO: /evil",
    ],
)
def test_without_a_proxy_nobody_speaks_for_one(server: Server, header: str) -> None:
    answer = server.send(ask("/health/live", header))

    assert (answer.status, answer.body) == (200, b'{"status":"ok"}')
    assert answer.headers[HSTS] is None


def test_without_a_proxy_nobody_chooses_an_address(serving: Serve) -> None:
    server = serving(RATELIMIT_ENABLED=True, RATELIMIT_AUTH_PER_MINUTE=2)
    forged = [{"X-Forwarded-For": f"192.0.2.{n}"} for n in range(5)]

    answers = [log_in(server, **headers).status for headers in forged]

    assert set(answers[2:]) == {429}


def test_behind_a_proxy_it_speaks_for_clients(serving: Serve) -> None:
    limits = {"RATELIMIT_ENABLED": True, "RATELIMIT_AUTH_PER_MINUTE": 1}
    server = serving(TRUSTED_PROXIES=1, WEB_CONCURRENCY=1, **limits)
    told = [{"X-Forwarded-For": f"198.51.100.9, 192.0.2.{n}"} for n in (1, 2, 1)]

    answers = [log_in(server, **headers).status for headers in told]
    secure = server.call("GET", API, headers={"X-Forwarded-Proto": "https"})

    assert answers == [401, 401, 429]
    assert secure.headers[HSTS] is not None


def test_a_crowd_that_logs_in_leaves_the_service_alive(serving: Serve) -> None:
    server = serving(BCRYPT_ROUNDS=12)
    server.call("POST", f"{API}/auth/register", ACCOUNT)

    answers, probes = crowd(server)

    turned_away = [answer for answer in answers if answer.status == 503]
    assert max(probes) < SECONDS
    assert {answer.status for answer in answers} <= {200, 503}
    assert len(turned_away) < LOGINS
    assert [a for a in turned_away if int(a.headers["Retry-After"]) < 1] == []


def test_a_first_run_needs_no_setting(tmp_path: Path) -> None:
    for part in PARTS:
        (tmp_path / part).symlink_to(ROOT / part)
    variables = {"PATH": os.environ["PATH"], "PORT": environment()["PORT"]}
    subprocess.run([FLASK, "db", "upgrade"], cwd=tmp_path, env=variables, check=True)  # noqa: S603 - our own command

    server = Server(tmp_path, variables, tmp_path / "log").wait()
    health = server.call("GET", "/health")
    status = server.stop()

    kept = tmp_path / "instance" / "taskapi.db.secret"
    assert (health.status, status) == (200, 0)
    assert kept.stat().st_mode & 0o777 == 0o600


def test_no_secret_reaches_the_log(server: Server, token: str) -> None:
    planted = "plantedX"
    account = {"email": f"{planted}@example.org", "password": f"{planted} {planted}"}
    bad = {"Authorization": f"Bearer {planted}", "Cookie": planted, "Referer": planted}
    server.call("POST", f"{API}/auth/register?{planted}={planted}", account, bad)
    server.call("POST", f"{API}/auth/register", account)
    tokens = server.call("POST", f"{API}/auth/login", account).json
    server.call("POST", f"{API}/auth/refresh", {"refresh_token": planted})
    server.call("GET", f"{API}/tasks/{planted}?{planted}", headers=bad)
    server.call("GET", f"{API}/tasks?cursor={planted}&{planted}=1", headers=bad)
    server.send(chunked("POST", f"{API}/auth/login", [planted.encode()], JSON))

    logged = server.log.read_text()

    assert planted not in logged
    assert token not in logged
    assert tokens["access_token"] not in logged
    assert tokens["refresh_token"] not in logged


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /?token=plantedY\r\n\r\n",
        b"GET /?token=plantedY HTTP/9.9 plantedY\r\n\r\n",
        b"GET /?token=plantedY\x1b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nBearer plantedY: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nExpect: plantedY\r\n\r\n",
    ],
    ids=["no-version", "version", "control", "name", "expect"],
)
def test_no_secret_of_a_request_that_is_no_http_reaches_the_log(
    server: Server, raw: bytes
) -> None:
    answer = server.send(raw)

    assert 400 <= answer.status < 500
    assert "plantedY" not in server.log.read_text()


def test_a_request_that_is_no_http_has_no_id_of_another(serving: Serve) -> None:
    server = serving(WEB_CONCURRENCY=1, THREADS=1)
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
def test_no_request_breaks_a_line_of_the_log(
    server: Server, path: str, header: str
) -> None:
    before = len(server.lines())

    server.send(ask(path, header))

    added = [json.loads(line) for line in server.lines()[before:]]
    assert not re.findall(r"[^\x20-\x7e\n]", server.log.read_text())
    assert not [entry for entry in added if entry["event"] == "forged"]
