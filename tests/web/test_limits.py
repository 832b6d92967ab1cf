"""Rate limits: headers, separate callers, and operations without a limit."""

import socket
from collections.abc import Callable
from unittest.mock import Mock

import pytest
from flask import Flask

from taskapi import clock
from taskapi.errors import Collision
from taskapi.projects import service as projects
from tests.api_keys.clients import key_client
from tests.helpers.client import (
    PASSWORD,
    Client,
    another_session,
    assert_problem,
    with_app,
)
from tests.helpers.clock import at

pytestmark = pytest.mark.one_database

LOGIN = {"username": "unknown", "password": PASSWORD}
MakeApp = Callable[..., Flask]


@pytest.fixture
def closed_port() -> int:
    """Return a port of this machine on which no process listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_response_reports_remaining_requests(ann: Client, app_with: MakeApp) -> None:
    caller = with_app(ann, app_with(ratelimit_enabled=True, ratelimit_per_minute=5))

    first, second = caller.get("tasks"), caller.get("users/me")

    assert first.headers["RateLimit-Policy"] == '"default";q=5;w=60'
    assert first.headers["RateLimit"].startswith('"default";r=4;t=')
    assert second.headers["RateLimit"].startswith('"default";r=3;t=')


def test_retried_request_is_counted_once(
    ann: Client, app_with: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = with_app(ann, app_with(ratelimit_enabled=True, ratelimit_per_minute=1))
    collide = Mock(side_effect=[Collision(), Collision(), ([], None)])
    monkeypatch.setattr(projects, "find_page", collide)

    response = caller.get("projects")

    assert response.status_code == 200, response.text
    assert collide.call_count == 3
    assert response.headers["RateLimit"].startswith('"default";r=0;t=')
    assert_problem(caller.get("projects"), 429, "rate-limited")


def test_login_reports_remaining_requests(app_with: MakeApp) -> None:
    anonymous = Client(app_with(ratelimit_enabled=True, ratelimit_auth_per_minute=5))

    response = anonymous.post("auth/login", LOGIN)

    assert response.headers["RateLimit-Policy"] == '"auth";q=5;w=60'
    assert response.headers["RateLimit"].startswith('"auth";r=4;t=')


def test_rate_limited_response_has_retry_after(ann: Client, app_with: MakeApp) -> None:
    caller = with_app(ann, app_with(ratelimit_enabled=True, ratelimit_per_minute=2))
    caller.get("tasks")
    caller.get("tasks")

    response = caller.get("tasks")

    assert_problem(response, 429, "rate-limited")
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert response.headers["RateLimit"].startswith('"default";r=0;t=')


def test_request_after_retry_after_is_accepted(ann: Client, app_with: MakeApp) -> None:
    caller = with_app(ann, app_with(ratelimit_enabled=True, ratelimit_per_minute=1))
    began = clock.now().timestamp()
    with at(began):
        caller.get("tasks")
    with at(began + 0.6):
        over = caller.get("tasks")

    with at(began + 0.6 + int(over.headers["Retry-After"])):
        response = caller.get("tasks")

    assert [over.status_code, response.status_code] == [429, 200]
    assert over.headers["RateLimit"] == f'"default";r=0;t={over.headers["Retry-After"]}'


def test_rate_limited_write_changes_nothing(ann: Client, app_with: MakeApp) -> None:
    caller = with_app(ann, app_with(ratelimit_enabled=True, ratelimit_per_minute=1))
    caller.get("tasks")

    response = caller.post("tasks", {"title": "Sow"})

    assert_problem(response, 429, "rate-limited")
    assert ann.get("tasks").json["items"] == []


def test_users_of_one_address_have_separate_limits(
    ann: Client, bob: Client, app_with: MakeApp
) -> None:
    app = app_with(ratelimit_enabled=True, ratelimit_per_minute=1)
    with_app(ann, app).get("tasks")

    response = with_app(bob, app).get("tasks")

    assert response.status_code == 200


def test_sessions_and_keys_of_one_user_share_a_limit(
    ann: Client, app_with: MakeApp
) -> None:
    app = app_with(ratelimit_enabled=True, ratelimit_per_minute=1)
    script, other = key_client(ann), another_session(ann)
    with_app(ann, app).get("tasks")
    script.app = app

    responses = with_app(other, app).get("tasks"), script.get("tasks")

    assert [response.status_code for response in responses] == [429, 429]


def test_addresses_have_separate_login_limits(app_with: MakeApp) -> None:
    anonymous = Client(app_with(ratelimit_enabled=True, ratelimit_auth_per_minute=1))
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    anonymous.post("auth/login", LOGIN)

    here = anonymous.post("auth/login", LOGIN)
    there = anonymous.post("auth/login", LOGIN, environ_base=elsewhere)

    assert [here.status_code, there.status_code] == [429, 401]


def test_logins_and_other_requests_are_counted_separately(
    ann: Client, app_with: MakeApp
) -> None:
    app = app_with(ratelimit_enabled=True, ratelimit_auth_per_minute=1)
    Client(app).post("auth/login", LOGIN)

    response = with_app(ann, app).get("tasks")

    assert response.status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/health", "/health/live", "/openapi.json", "/docs", "/problems", "/api/v1"],
)
def test_monitoring_and_documentation_have_no_limit(
    app_with: MakeApp, path: str
) -> None:
    limits = {"ratelimit_per_minute": 1, "ratelimit_auth_per_minute": 1}
    anonymous = Client(app_with(ratelimit_enabled=True, **limits))

    responses = [anonymous.get(path) for _ in range(3)]

    assert {response.status_code for response in responses} == {200}
    assert [r for r in responses if "RateLimit" in r.headers] == []


def test_unauthenticated_requests_count_for_no_user(
    ann: Client, app_with: MakeApp
) -> None:
    app = app_with(ratelimit_enabled=True, ratelimit_per_minute=1)

    response = Client(app).get("tasks")

    assert_problem(response, 401, "token-missing")
    assert with_app(ann, app).get("tasks").status_code == 200


def test_rate_limits_can_be_disabled(ann: Client, app_with: MakeApp) -> None:
    caller = with_app(ann, app_with(ratelimit_enabled=False, ratelimit_per_minute=1))

    responses = [caller.get("tasks") for _ in range(3)]

    assert {response.status_code for response in responses} == {200}
    assert [r for r in responses if "RateLimit" in r.headers] == []


def test_requests_are_counted_locally_without_redis(
    ann: Client, app_with: MakeApp, closed_port: int
) -> None:
    unreachable = f"redis://127.0.0.1:{closed_port}/0"
    app = app_with(
        ratelimit_enabled=True,
        ratelimit_per_minute=2,
        ratelimit_storage_uri=unreachable,
    )
    caller = with_app(ann, app)

    responses = [caller.get("tasks") for _ in range(3)]

    assert [response.status_code for response in responses] == [200, 200, 429]


def test_unreachable_redis_is_skipped_by_the_next_request(
    ann: Client, app_with: MakeApp, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    addresses: list[object] = []
    connect = socket.socket.connect
    unreachable = f"redis://127.0.0.1:{closed_port}/0"
    caller = with_app(
        ann, app_with(ratelimit_enabled=True, ratelimit_storage_uri=unreachable)
    )

    def record(self: socket.socket, address: object) -> None:
        addresses.append(address)
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", record)
    caller.get("tasks")
    first = addresses.count(("127.0.0.1", closed_port))
    response = caller.get("tasks")

    assert response.status_code == 200
    assert first > 0
    assert addresses.count(("127.0.0.1", closed_port)) == first
