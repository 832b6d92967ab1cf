"""Counters of failed login attempts, which last 15 minutes."""

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from taskapi import db
from taskapi.users.models import LoginAttempts
from tests.helpers.cli import run
from tests.helpers.client import PASSWORD, Client
from tests.helpers.clock import at

START = 2_000_000_000
WINDOW_SECONDS = 15 * 60
MAX_ATTEMPTS = 10
WRONG = "a wrong password"
HERE = "192.0.2.7"
THERE = "192.0.2.8"


def attempt_login(
    app: Flask, name: str, password: str = WRONG, ip: str = HERE
) -> TestResponse:
    """Try a password for an account, from an address."""
    body = {"username": f"{name}@example.org", "password": password}
    return Client(app).post("auth/login", body, environ_base={"REMOTE_ADDR": ip})


def attempt_logins(app: Flask, number: int, name: str = "ann") -> list[int]:
    """Try a wrong password `number` times, and return the statuses."""
    return [attempt_login(app, name).status_code for _ in range(number)]


def counts(app: Flask) -> list[int]:
    """Return the counters in the order of their creation."""
    with app.app_context():
        return [
            n
            for (n,) in db.read(select(LoginAttempts.number).order_by(LoginAttempts.id))
        ]


@pytest.fixture
def app_with_accounts(app: Flask) -> Flask:
    """Return an app with accounts of Ann and Bob and without counters."""
    Client(app, "ann").register()
    Client(app, "bob").register()
    return app


def test_correct_password_clears_no_other_account(app_with_accounts: Flask) -> None:
    attempt_logins(app_with_accounts, MAX_ATTEMPTS)

    response = attempt_login(app_with_accounts, "bob", PASSWORD)

    assert response.status_code == 200
    assert attempt_login(app_with_accounts, "ann", PASSWORD).status_code == 429


def test_correct_password_clears_no_other_address(app_with_accounts: Flask) -> None:
    attempt_logins(app_with_accounts, 3)

    response = attempt_login(app_with_accounts, "bob", PASSWORD, THERE)

    assert response.status_code == 200
    assert counts(app_with_accounts) == [3, 3, 3]


def test_accounts_names_and_addresses_are_counted_separately(
    app_with_accounts: Flask,
) -> None:
    attempt_login(app_with_accounts, "ann")
    attempt_login(app_with_accounts, "bob")
    attempt_login(app_with_accounts, "unknown", ip=THERE)

    assert counts(app_with_accounts) == [1, 1, 2, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("seconds", "wait"),
    [(0, "900"), (600, "300"), (899, "1"), (899.75, "1")],
    ids=["at-once", "later", "last-second", "last-microsecond"],
)
def test_retry_after_is_the_rest_of_the_window(
    app_with_accounts: Flask, seconds: float, wait: str
) -> None:
    with at(START):
        attempt_logins(app_with_accounts, MAX_ATTEMPTS)

    with at(START + seconds):
        over = attempt_login(app_with_accounts, "ann", PASSWORD)

    assert (over.status_code, over.headers["Retry-After"]) == (429, wait)


def test_window_ends_after_exactly_15_minutes(app_with_accounts: Flask) -> None:
    with at(START):
        attempt_logins(app_with_accounts, MAX_ATTEMPTS)

    with at(START + WINDOW_SECONDS):
        response = attempt_login(app_with_accounts, "ann", PASSWORD)

    assert response.status_code == 200


def test_new_window_starts_at_one_with_full_length(app_with_accounts: Flask) -> None:
    with at(START):
        attempt_logins(app_with_accounts, MAX_ATTEMPTS)

    with at(START + WINDOW_SECONDS):
        statuses = attempt_logins(app_with_accounts, MAX_ATTEMPTS)
        over = attempt_login(app_with_accounts, "ann", PASSWORD)

    assert statuses == [401] * MAX_ATTEMPTS
    assert (over.status_code, over.headers["Retry-After"]) == (429, "900")


def test_further_attempts_do_not_extend_the_window(app_with_accounts: Flask) -> None:
    with at(START):
        attempt_logins(app_with_accounts, 1)
    with at(START + 600):
        attempt_logins(app_with_accounts, MAX_ATTEMPTS - 1)

        over = attempt_login(app_with_accounts, "ann", PASSWORD)

    assert (over.status_code, over.headers["Retry-After"]) == (429, "300")


@pytest.mark.parametrize(
    ("seconds", "kept"),
    [(WINDOW_SECONDS - 1, [1, 1, 1]), (WINDOW_SECONDS, []), (WINDOW_SECONDS + 1, [])],
    ids=["before", "at-its-end", "after"],
)
def test_purge_deletes_only_expired_counters(
    app_with_accounts: Flask, seconds: int, kept: list[int]
) -> None:
    with at(START):
        attempt_logins(app_with_accounts, 1)

    with at(START + seconds):
        run(app_with_accounts, "purge")

    assert counts(app_with_accounts) == kept
