"""Rate limits: told in every answer, kept for each caller, no matter to health."""

import socket
from collections.abc import Callable

import pytest
from flask import Flask

from taskapi import clock
from tests.api_keys.holding import holder
from tests.backstage import another_session, at, limited
from tests.support import PASSWORD, Client, refused

LOGIN = {"username": "nobody", "password": PASSWORD}
Twin = Callable[..., Flask]


@pytest.fixture
def closed_port() -> int:
    """Return a port of this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_an_answer_says_what_is_left(ann: Client, twin: Twin) -> None:
    caller = limited(ann, twin(ratelimit_enabled=True, ratelimit_per_minute=5))

    first, second = caller.get("tasks"), caller.get("users/me")

    assert first.headers["RateLimit-Policy"] == '"default";q=5;w=60'
    assert first.headers["RateLimit"].startswith('"default";r=4;t=')
    assert second.headers["RateLimit"].startswith('"default";r=3;t=')


def test_a_login_says_what_is_left(twin: Twin) -> None:
    anyone = Client(twin(ratelimit_enabled=True, ratelimit_auth_per_minute=5))

    answer = anyone.post("auth/login", LOGIN)

    assert answer.headers["RateLimit-Policy"] == '"auth";q=5;w=60'
    assert answer.headers["RateLimit"].startswith('"auth";r=4;t=')


def test_beyond_the_limit_the_answer_says_when_to_come_back(
    ann: Client, twin: Twin
) -> None:
    caller = limited(ann, twin(ratelimit_enabled=True, ratelimit_per_minute=2))
    caller.get("tasks")
    caller.get("tasks")

    answer = caller.get("tasks")

    refused(answer, 429, "rate-limited")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["RateLimit"].startswith('"default";r=0;t=')


def test_who_comes_back_when_told_is_heard(ann: Client, twin: Twin) -> None:
    caller = limited(ann, twin(ratelimit_enabled=True, ratelimit_per_minute=1))
    began = clock.now().timestamp()
    with at(began):
        caller.get("tasks")
    with at(began + 0.6):
        over = caller.get("tasks")

    with at(began + 0.6 + int(over.headers["Retry-After"])):
        answer = caller.get("tasks")

    assert [over.status_code, answer.status_code] == [429, 200]
    assert over.headers["RateLimit"] == f'"default";r=0;t={over.headers["Retry-After"]}'


def test_a_refused_write_is_not_made(ann: Client, twin: Twin) -> None:
    caller = limited(ann, twin(ratelimit_enabled=True, ratelimit_per_minute=1))
    caller.get("tasks")

    answer = caller.post("tasks", {"title": "Sow"})

    refused(answer, 429, "rate-limited")
    assert ann.get("tasks").json["items"] == []


def test_users_of_one_address_do_not_share_a_limit(
    ann: Client, bob: Client, twin: Twin
) -> None:
    app = twin(ratelimit_enabled=True, ratelimit_per_minute=1)
    limited(ann, app).get("tasks")

    answer = limited(bob, app).get("tasks")

    assert answer.status_code == 200


def test_sessions_and_keys_of_one_user_share_a_limit(ann: Client, twin: Twin) -> None:
    app = twin(ratelimit_enabled=True, ratelimit_per_minute=1)
    script, other = holder(ann), another_session(ann)
    limited(ann, app).get("tasks")
    script.app = app

    answers = limited(other, app).get("tasks"), script.get("tasks")

    assert [answer.status_code for answer in answers] == [429, 429]


def test_addresses_do_not_share_the_limit_of_logins(twin: Twin) -> None:
    anyone = Client(twin(ratelimit_enabled=True, ratelimit_auth_per_minute=1))
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    anyone.post("auth/login", LOGIN)

    here = anyone.post("auth/login", LOGIN)
    there = anyone.post("auth/login", LOGIN, environ_base=elsewhere)

    assert [here.status_code, there.status_code] == [429, 401]


def test_logins_and_other_requests_are_counted_apart(ann: Client, twin: Twin) -> None:
    app = twin(ratelimit_enabled=True, ratelimit_auth_per_minute=1)
    Client(app).post("auth/login", LOGIN)

    answer = limited(ann, app).get("tasks")

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/health", "/health/live", "/openapi.json", "/docs", "/problems", "/api/v1"],
)
def test_what_monitors_and_readers_ask_is_not_counted(twin: Twin, path: str) -> None:
    limits = {"ratelimit_per_minute": 1, "ratelimit_auth_per_minute": 1}
    anyone = Client(twin(ratelimit_enabled=True, **limits))

    answers = [anyone.get(path) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {200}
    assert [a for a in answers if "RateLimit" in a.headers] == []


def test_who_is_not_known_uses_up_nobodys_share(ann: Client, twin: Twin) -> None:
    app = twin(ratelimit_enabled=True, ratelimit_per_minute=1)

    stranger = Client(app).get("tasks")

    refused(stranger, 401, "token-missing")
    assert limited(ann, app).get("tasks").status_code == 200


def test_limits_can_be_switched_off(ann: Client, twin: Twin) -> None:
    caller = limited(ann, twin(ratelimit_enabled=False, ratelimit_per_minute=1))

    answers = [caller.get("tasks") for _ in range(3)]

    assert {answer.status_code for answer in answers} == {200}
    assert [a for a in answers if "RateLimit" in a.headers] == []


def test_requests_go_on_and_are_counted_while_the_store_is_away(
    ann: Client, twin: Twin, closed_port: int
) -> None:
    away = f"redis://127.0.0.1:{closed_port}/0"
    app = twin(
        ratelimit_enabled=True, ratelimit_per_minute=2, ratelimit_storage_uri=away
    )
    caller = limited(ann, app)

    answers = [caller.get("tasks") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_a_store_that_is_away_is_not_asked_by_the_next_request(
    ann: Client, twin: Twin, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    asked: list[object] = []
    connect = socket.socket.connect
    away = f"redis://127.0.0.1:{closed_port}/0"
    caller = limited(ann, twin(ratelimit_enabled=True, ratelimit_storage_uri=away))

    def note(self: socket.socket, address: object) -> None:
        asked.append(address)
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", note)
    caller.get("tasks")
    first = asked.count(("127.0.0.1", closed_port))
    answer = caller.get("tasks")

    assert answer.status_code == 200
    assert first > 0
    assert asked.count(("127.0.0.1", closed_port)) == first
