"""gunicorn as it is shipped: a real process, a real socket."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.helpers.client import API, PASSWORD
from tests.helpers.server import (
    ACCOUNT,
    ROOT,
    Response,
    Server,
    chunked,
    environment,
    get_request,
    log_in,
)

FLASK = str(Path(sys.executable).with_name("flask"))
JSON = "Content-Type: application/json"
HSTS = "Strict-Transport-Security"
FILES = ["config.py", "gunicorn.conf.py", "wsgi.py"]
FOLDERS = ["migrations", "taskapi"]
LOGINS = 50
SECONDS = 5  # wide: what it is about takes half a minute where hashes fill the threads
Serve = Callable[..., Server]


@pytest.fixture
def first_run(tmp_path: Path) -> Iterator[Server]:
    """Return a server of a fresh copy, told nothing but a port that is free."""
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / name)
    variables = {"PATH": os.environ["PATH"], "PORT": environment()["PORT"]}
    subprocess.run([FLASK, "db", "upgrade"], cwd=tmp_path, env=variables, check=True)  # noqa: S603 - our own command
    server = Server(tmp_path, variables, tmp_path / "log")
    yield server.wait()
    server.stop()


def knows(server: Server, name: str) -> bool:
    account = {"username": name, "password": PASSWORD}
    return server.call("POST", f"{API}/auth/login", account).status == 200


def crowd(server: Server) -> tuple[list[Response], list[float]]:
    """Log in as fifty users at once; return the answers, and how long probes took."""
    probes = []
    with ThreadPoolExecutor(LOGINS) as pool:
        path, nobody = f"{API}/auth/login", {"password": PASSWORD}
        accounts = [nobody | {"username": f"nobody{n}"} for n in range(LOGINS)]
        logins = [pool.submit(server.call, "POST", path, one) for one in accounts]
        while not all(map(Future.done, logins)):
            began = time.monotonic()
            assert server.call("GET", "/health/live").status == 200
            probes.append(time.monotonic() - began)
    return [login.result() for login in logins], probes


def test_server_serves_and_stops_on_sigterm(serving: Serve) -> None:
    server = serving()
    server.call("POST", f"{API}/auth/register", ACCOUNT)
    bearer = {"Authorization": f"Bearer {log_in(server).json['access_token']}"}

    made = server.call("POST", f"{API}/tasks", {"title": "Sow"}, bearer)
    listed = server.call("GET", f"{API}/tasks", headers=bearer)

    assert (made.status, listed.status) == (201, 200)
    assert listed.json["items"] == [made.json]
    assert server.stop() == 0


def test_body_in_chunks_is_read(server: Server) -> None:
    body = json.dumps({"username": "chunky", "password": PASSWORD}).encode()

    made = server.send(
        chunked("POST", f"{API}/auth/register", [body[:9], body[9:]], JSON)
    )

    assert made.status == 201
    assert knows(server, "chunky")


def test_large_chunked_body_is_rejected_and_not_executed(server: Server) -> None:
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

    response = server.send(get_request(f"{API}/users/me", header))

    assert response.status == 200


def test_tab_does_not_separate_a_credential(server: Server, token: str) -> None:
    response = server.send(
        get_request(f"{API}/users/me", f"Authorization: Bearer\t{token}")
    )

    assert (response.status, response.json["code"]) == (401, "token-missing")


def test_unknown_host_is_rejected(serving: Serve) -> None:
    server = serving(TRUSTED_HOSTS="tasks.example.org,*.example.net")
    forged = {"Host": "evil.example", "X-Forwarded-Host": "tasks.example.org"}

    ours = server.call("GET", API, headers={"Host": "tasks.example.org"})
    theirs = server.call("GET", API, headers=forged)

    assert ours.status == 200
    assert (theirs.status, theirs.json["code"]) == (400, "bad-request")
    assert theirs.headers["Content-Type"] == "application/problem+json"


def test_local_monitor_needs_no_host_name(serving: Serve) -> None:
    server = serving(TRUSTED_HOSTS="tasks.example.org")

    response = server.call("GET", "/health")  # as the image's HEALTHCHECK does

    assert response.status == 200


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
    response = server.send(get_request("/health/live", header))

    assert (response.status, response.body) == (200, b'{"status":"ok"}')
    assert response.headers[HSTS] is None


def test_without_a_proxy_nobody_chooses_an_address(serving: Serve) -> None:
    limits = {"RATELIMIT_ENABLED": True, "RATELIMIT_AUTH_PER_MINUTE": 2}
    server = serving(WEB_CONCURRENCY=1, **limits)
    forged = [{"X-Forwarded-For": f"192.0.2.{n}"} for n in range(5)]

    answers = [log_in(server, **headers).status for headers in forged]

    assert set(answers[2:]) == {429}


def test_behind_a_proxy_it_speaks_for_clients(serving: Serve) -> None:
    limits = {"RATELIMIT_ENABLED": True, "RATELIMIT_AUTH_PER_MINUTE": 1}
    server = serving(TRUSTED_PROXIES=1, **limits)
    told = [{"X-Forwarded-For": f"198.51.100.9, 192.0.2.{n}"} for n in (1, 2, 1)]

    answers = [log_in(server, **headers).status for headers in told]
    secure = server.call("GET", API, headers={"X-Forwarded-Proto": "https"})

    assert answers == [401, 401, 429]
    assert secure.headers[HSTS] is not None


def test_concurrent_logins_leave_the_service_alive(serving: Serve) -> None:
    server = serving(BCRYPT_ROUNDS=12, WEB_CONCURRENCY=2)

    answers, probes = crowd(server)

    turned_away = [response for response in answers if response.status == 503]
    assert max(probes) < SECONDS
    assert {response.status for response in answers} <= {401, 503}
    assert len(turned_away) < LOGINS
    assert [a for a in turned_away if int(a.headers["Retry-After"]) < 1] == []


def test_first_run_needs_no_setting(first_run: Server, tmp_path: Path) -> None:
    health = first_run.call("GET", "/health")

    kept = tmp_path / "instance" / "taskapi.db.secret"
    assert health.status == 200
    assert kept.stat().st_mode & 0o777 == 0o600
