"""gunicorn with the shipped configuration: a real process and a real socket."""

import json
import os
import shutil
import subprocess
import sys
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
Serve = Callable[..., Server]


@pytest.fixture
def first_run(tmp_path: Path) -> Iterator[Server]:
    """Return a server of a fresh copy whose only setting is a free port."""
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / name)
    variables = {"PATH": os.environ["PATH"], "PORT": environment()["PORT"]}
    subprocess.run([FLASK, "db", "upgrade"], cwd=tmp_path, env=variables, check=True)  # noqa: S603 - our own command
    server = Server(tmp_path, variables, tmp_path / "log")
    yield server.wait()
    server.stop()


def account_exists(server: Server, name: str) -> bool:
    account = {"username": name, "password": PASSWORD}
    return server.call("POST", f"{API}/auth/login", account).status == 200


def log_in_concurrently(server: Server) -> tuple[list[Response], int]:
    """Log in as fifty users at once; return the responses and the number of probes."""
    probes = 0
    with ThreadPoolExecutor(LOGINS) as pool:
        path = f"{API}/auth/login"
        accounts = [
            {"username": f"unknown{n}", "password": PASSWORD} for n in range(LOGINS)
        ]
        logins = [pool.submit(server.call, "POST", path, one) for one in accounts]
        while not all(map(Future.done, logins)):
            assert server.call("GET", "/health/live").status == 200
            probes += 1
    return [login.result() for login in logins], probes


def test_server_serves_and_stops_on_sigterm(serving: Serve) -> None:
    server = serving()
    server.call("POST", f"{API}/auth/register", ACCOUNT)
    bearer = {"Authorization": f"Bearer {log_in(server).json['access_token']}"}

    created = server.call("POST", f"{API}/tasks", {"title": "Sow"}, bearer)
    listed = server.call("GET", f"{API}/tasks", headers=bearer)

    assert (created.status, listed.status) == (201, 200)
    assert listed.json["items"] == [created.json]
    assert server.stop() == 0


def test_body_in_chunks_is_read(server: Server) -> None:
    body = json.dumps({"username": "chunky", "password": PASSWORD}).encode()

    created = server.send(
        chunked("POST", f"{API}/auth/register", [body[:9], body[9:]], JSON)
    )

    assert created.status == 201
    assert account_exists(server, "chunky")


def test_large_chunked_body_is_rejected_and_not_executed(server: Server) -> None:
    body = json.dumps({"username": "large", "password": PASSWORD}).encode()
    padding = [b" " * 2**16] * 17

    response = server.send(
        chunked("POST", f"{API}/auth/register", [body, *padding], JSON)
    )

    assert (response.status, response.json["code"]) == (413, "payload-too-large")
    assert not account_exists(server, "large")


@pytest.mark.parametrize("written", ["Bearer {}\t", "Bearer {} \t ", "\tBearer {}"])
def test_white_space_around_a_credential_is_ignored(
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

    trusted = server.call("GET", API, headers={"Host": "tasks.example.org"})
    unknown = server.call("GET", API, headers=forged)

    assert trusted.status == 200
    assert (unknown.status, unknown.json["code"]) == (400, "bad-request")
    assert unknown.headers["Content-Type"] == "application/problem+json"


def test_health_check_accepts_any_host(serving: Serve) -> None:
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
def test_forwarded_headers_are_ignored_without_a_trusted_proxy(
    server: Server, header: str
) -> None:
    response = server.send(get_request("/health/live", header))

    assert (response.status, response.body) == (200, b'{"status":"ok"}')
    assert response.headers[HSTS] is None


def test_forwarded_address_is_ignored_without_a_trusted_proxy(serving: Serve) -> None:
    limits = {"RATELIMIT_ENABLED": True, "RATELIMIT_AUTH_PER_MINUTE": 2}
    server = serving(WEB_CONCURRENCY=1, **limits)
    forged = [{"X-Forwarded-For": f"192.0.2.{n}"} for n in range(5)]

    statuses = [log_in(server, **headers).status for headers in forged]

    assert set(statuses[2:]) == {429}


def test_forwarded_headers_of_a_trusted_proxy_are_used(serving: Serve) -> None:
    limits = {"RATELIMIT_ENABLED": True, "RATELIMIT_AUTH_PER_MINUTE": 1}
    server = serving(TRUSTED_PROXIES=1, **limits)
    forwarded = [{"X-Forwarded-For": f"198.51.100.9, 192.0.2.{n}"} for n in (1, 2, 1)]

    statuses = [log_in(server, **headers).status for headers in forwarded]
    secure = server.call("GET", API, headers={"X-Forwarded-Proto": "https"})

    assert statuses == [401, 401, 429]
    assert secure.headers[HSTS] is not None


def test_concurrent_logins_do_not_delay_liveness_probes(serving: Serve) -> None:
    server = serving(BCRYPT_ROUNDS=12, WEB_CONCURRENCY=2)

    responses, probes = log_in_concurrently(server)

    rejected = [response for response in responses if response.status == 503]
    assert probes > 1, "the first one waited for all logins"
    assert {response.status for response in responses} <= {401, 503}
    assert len(rejected) < LOGINS
    assert [r for r in rejected if int(r.headers["Retry-After"]) < 1] == []


def test_first_start_requires_no_settings(first_run: Server, tmp_path: Path) -> None:
    health = first_run.call("GET", "/health")

    secret = tmp_path / "instance" / "taskapi.db.secret"
    assert health.status == 200
    assert secret.stat().st_mode & 0o777 == 0o600
