"""Throttling by account, address, session and key, and its stored counters."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from taskapi import db, passwords
from taskapi.scopes import Scope
from taskapi.users.models import LoginAttempts
from tests.api_keys.clients import key_client
from tests.helpers.client import PASSWORD, Client, another_session, assert_problem
from tests.helpers.clock import at, later

MAX_ATTEMPTS = 10
MAX_ATTEMPTS_PER_ADDRESS = 100
WINDOW_SECONDS = 15 * 60
START = 2_000_000_000
SECONDS = 10
WRONG = "a wrong password"
NEW = "a short walk in the sun"
HERE, THERE = "192.0.2.7", "192.0.2.8"

PASSWORD_CHECKS = {
    "password": ("POST", "auth/password", "current_password", {"new_password": NEW}),
    "email": ("PATCH", "users/me", "current_password", {"email": "new@example.org"}),
    "deletion": ("DELETE", "users/me", "password", {}),
}
PasswordCheck = tuple[str, str, str, dict[str, str]]


def log_in(
    app: Flask, name: str, password: str = WRONG, ip: str = HERE
) -> TestResponse:
    body = {"username": name, "password": password}
    return Client(app).post("auth/login", body, environ_base={"REMOTE_ADDR": ip})


def fail_logins(app: Flask, number: int, ip: str = HERE) -> None:
    """Fail to log in as Ann `number` times."""
    for _ in range(number):
        assert log_in(app, "ann@example.org", ip=ip).status_code == 401


def send_password(
    client: Client, check: PasswordCheck, password: str = PASSWORD
) -> TestResponse:
    """Send a password within a session or with a key."""
    method, path, name, others = check
    return client.call(method, path, json=others | {name: password})


def counts(app: Flask) -> list[int]:
    with app.app_context():
        return sorted(n for (n,) in db.read(select(LoginAttempts.number)))


@contextmanager
def busy(app: Flask) -> Iterator[None]:
    """Occupy the hash slot of an app for the block."""
    queue = app.extensions["passwords"].queue
    occupied, finish = Event(), Event()

    def occupy() -> None:
        with queue.reserved():
            occupied.set()
            assert finish.wait(SECONDS)

    thread = Thread(target=occupy)
    thread.start()
    assert occupied.wait(SECONDS)
    try:
        yield
    finally:
        finish.set()
        thread.join()


@pytest.mark.one_database
@pytest.mark.parametrize("check", PASSWORD_CHECKS.values(), ids=PASSWORD_CHECKS)
def test_failed_logins_do_not_block_a_session(
    ann: Client, check: PasswordCheck
) -> None:
    fail_logins(ann.app, MAX_ATTEMPTS)
    assert_problem(log_in(ann.app, "ann@example.org", PASSWORD), 429, "rate-limited")

    response = send_password(ann, check)

    assert response.status_code in {200, 204}, response.text


@pytest.mark.one_database
@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, id=name, marks=[pytest.mark.slow] * (name != "password"))
        for name, check in PASSWORD_CHECKS.items()
    ],
)
def test_failed_logins_from_the_same_address_do_not_block_a_session(
    ann: Client, check: PasswordCheck
) -> None:
    for n in range(MAX_ATTEMPTS_PER_ADDRESS):
        log_in(ann.app, f"unknown{n}", ip="127.0.0.1")
    over = log_in(ann.app, "ann@example.org", PASSWORD, ip="127.0.0.1")

    response = send_password(ann, check)

    assert_problem(over, 429, "rate-limited")
    assert response.status_code in {200, 204}, response.text


@pytest.mark.one_database
@pytest.mark.parametrize("check", PASSWORD_CHECKS.values(), ids=PASSWORD_CHECKS)
def test_wrong_passwords_within_a_session_are_limited(
    ann: Client, check: PasswordCheck
) -> None:
    status = {send_password(ann, check, WRONG).status_code for _ in range(MAX_ATTEMPTS)}

    wrong, correct = send_password(ann, check, WRONG), send_password(ann, check)

    assert status in ({401}, {422})
    assert_problem(wrong, 429, "rate-limited")
    assert_problem(correct, 429, "rate-limited")
    assert 0 < int(correct.headers["Retry-After"]) <= WINDOW_SECONDS
    assert ann.get("users/me").json == ann.user


def test_all_password_checks_of_a_session_share_a_limit(ann: Client) -> None:
    for n in range(MAX_ATTEMPTS):
        send_password(ann, list(PASSWORD_CHECKS.values())[n % 3], WRONG)

    responses = [send_password(ann, check) for check in PASSWORD_CHECKS.values()]

    assert [response.status_code for response in responses] == [429] * 3


def test_wrong_passwords_within_a_session_block_no_login_and_no_other_session(
    ann: Client,
) -> None:
    other = another_session(ann)
    for _ in range(MAX_ATTEMPTS + 1):
        send_password(ann, PASSWORD_CHECKS["password"], WRONG)

    login = log_in(ann.app, "ann@example.org", PASSWORD)
    changed = send_password(other, PASSWORD_CHECKS["password"])

    assert login.status_code == 200
    assert changed.status_code == 204


def test_wrong_passwords_with_a_key_are_counted_for_the_key(ann: Client) -> None:
    one, other = (key_client(ann, Scope.ACCOUNT_WRITE) for _ in range(2))
    for _ in range(MAX_ATTEMPTS):
        send_password(one, PASSWORD_CHECKS["email"], WRONG)

    over, changed = (
        send_password(one, PASSWORD_CHECKS["email"]),
        send_password(other, PASSWORD_CHECKS["email"]),
    )

    assert_problem(over, 429, "rate-limited")
    assert changed.status_code == 200


def test_correct_password_within_a_session_resets_its_count(ann: Client) -> None:
    for _ in range(MAX_ATTEMPTS - 1):
        send_password(ann, PASSWORD_CHECKS["password"], WRONG)
    correct = send_password(ann, PASSWORD_CHECKS["password"])
    again = [
        send_password(ann, PASSWORD_CHECKS["password"], WRONG).status_code
        for _ in range(MAX_ATTEMPTS)
    ]

    assert correct.status_code == 204
    assert again == [401] * MAX_ATTEMPTS


def test_login_keeps_failures_of_other_addresses(ann: Client) -> None:
    fail_logins(ann.app, MAX_ATTEMPTS - 1)

    correct = log_in(ann.app, "ann@example.org", PASSWORD, THERE)

    assert correct.status_code == 200
    fail_logins(ann.app, 1)
    assert_problem(log_in(ann.app, "ann@example.org"), 429, "rate-limited")


def test_login_clears_failures_of_its_own_address(ann: Client) -> None:
    fail_logins(ann.app, 4)
    fail_logins(ann.app, 5, THERE)

    correct = log_in(ann.app, "ann@example.org", PASSWORD, THERE)

    assert correct.status_code == 200
    fail_logins(ann.app, MAX_ATTEMPTS - 4, THERE)
    assert_problem(log_in(ann.app, "ann@example.org", ip=THERE), 429, "rate-limited")


def test_login_clears_nothing_of_the_previous_window(ann: Client) -> None:
    with at(START):
        fail_logins(ann.app, 1)
    with at(START + WINDOW_SECONDS - 1):
        fail_logins(ann.app, 5, THERE)
    with at(START + WINDOW_SECONDS + 1):
        fail_logins(ann.app, MAX_ATTEMPTS - 1)
        correct = log_in(ann.app, "ann@example.org", PASSWORD, THERE)
        fail_logins(ann.app, 1)
        over = log_in(ann.app, "ann@example.org")

    assert correct.status_code == 200
    assert_problem(over, 429, "rate-limited")


def test_correct_passwords_leave_no_rows(ann: Client) -> None:
    log_in(ann.app, "ann@example.org", PASSWORD)
    send_password(ann, PASSWORD_CHECKS["password"])

    assert counts(ann.app) == []


def test_cleared_failures_leave_no_rows(ann: Client) -> None:
    fail_logins(ann.app, 3)

    log_in(ann.app, "ann@example.org", PASSWORD)

    assert counts(ann.app) == [3]  # of the address


@pytest.mark.one_database
@pytest.mark.parametrize("name", ["ann@example.org", "unknown"])
def test_login_without_a_hash_slot_leaves_no_rows(
    ann: Client,
    app_with: Callable[..., Flask],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setattr(passwords, "MAX_WAITING", 0)
    app = app_with()

    with busy(app):
        response = log_in(app, name, PASSWORD)

    assert_problem(response, 503, "service-unavailable")
    assert counts(app) == []


@pytest.mark.one_database
@pytest.mark.parametrize("check", PASSWORD_CHECKS.values(), ids=PASSWORD_CHECKS)
def test_password_check_without_a_hash_slot_leaves_no_rows(
    ann: Client,
    app_with: Callable[..., Flask],
    monkeypatch: pytest.MonkeyPatch,
    check: PasswordCheck,
) -> None:
    monkeypatch.setattr(passwords, "MAX_WAITING", 0)
    ann.app = app_with()

    with busy(ann.app):
        response = send_password(ann, check)

    assert_problem(response, 503, "service-unavailable")
    assert counts(ann.app) == []


@pytest.mark.one_database
def test_blocked_address_leaves_no_rows_for_further_names(app: Flask) -> None:
    for n in range(MAX_ATTEMPTS_PER_ADDRESS):
        log_in(app, f"unknown{n}")
    before = counts(app)

    responses = [log_in(app, f"other{n}") for n in range(5)]

    assert {response.status_code for response in responses} == {429}
    assert counts(app) == before


@pytest.mark.one_database
def test_blocked_account_does_not_use_the_limit_of_the_address(
    ann: Client,
) -> None:
    fail_logins(ann.app, MAX_ATTEMPTS)

    for _ in range(MAX_ATTEMPTS_PER_ADDRESS):
        log_in(ann.app, "ann@example.org")

    assert_problem(log_in(ann.app, "unknown"), 401, "invalid-credentials")


def test_limit_ends_after_15_minutes(ann: Client) -> None:
    for _ in range(MAX_ATTEMPTS):
        send_password(ann, PASSWORD_CHECKS["password"], WRONG)

    with later(WINDOW_SECONDS + 10):
        response = send_password(ann, PASSWORD_CHECKS["password"])

    assert response.status_code == 204
