"""Guesses are counted apart, and a count lasts for a quarter of an hour."""

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from taskapi import db
from taskapi.users.models import LoginAttempts
from tests.backstage import at, run
from tests.support import PASSWORD, Client

START = 2_000_000_000
QUARTER = 15 * 60
MOST = 10
WRONG = "a guess in the dark"
HERE = "192.0.2.7"
THERE = "192.0.2.8"


def guess(app: Flask, name: str, password: str = WRONG, ip: str = HERE) -> TestResponse:
    """Try a password for an account, from an address."""
    body = {"username": f"{name}@example.org", "password": password}
    return Client(app).post("auth/login", body, environ_base={"REMOTE_ADDR": ip})


def guesses(app: Flask, number: int, name: str = "ann") -> list[int]:
    """LoginAttempts so often, and return the statuses."""
    return [guess(app, name).status_code for _ in range(number)]


def counts(app: Flask) -> list[int]:
    """Return what is counted, in the order in which the counts began."""
    with app.app_context():
        return [
            n
            for (n,) in db.read(select(LoginAttempts.number).order_by(LoginAttempts.id))
        ]


@pytest.fixture
def people(app: Flask) -> Flask:
    """Return an app where Ann and Bob have accounts, and nothing is counted yet."""
    Client(app, "ann").register()
    Client(app, "bob").register()
    return app


def test_correct_password_clears_no_other_account(people: Flask) -> None:
    guesses(people, MOST)

    right = guess(people, "bob", PASSWORD)

    assert right.status_code == 200
    assert guess(people, "ann", PASSWORD).status_code == 429


def test_correct_password_clears_no_other_address(people: Flask) -> None:
    guesses(people, 3)

    right = guess(people, "bob", PASSWORD, THERE)

    assert right.status_code == 200
    assert counts(people) == [3, 3, 3]


def test_accounts_names_and_addresses_are_counted_separately(
    people: Flask,
) -> None:
    guess(people, "ann")
    guess(people, "bob")
    guess(people, "nobody", ip=THERE)

    assert counts(people) == [1, 1, 2, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("seconds", "wait"),
    [(0, "900"), (600, "300"), (899, "1"), (899.75, "1")],
    ids=["at-once", "later", "last-second", "last-moment"],
)
def test_retry_after_is_the_rest_of_the_window(
    people: Flask, seconds: float, wait: str
) -> None:
    with at(START):
        guesses(people, MOST)

    with at(START + seconds):
        over = guess(people, "ann", PASSWORD)

    assert (over.status_code, over.headers["Retry-After"]) == (429, wait)


def test_window_ends_after_exactly_15_minutes(people: Flask) -> None:
    with at(START):
        guesses(people, MOST)

    with at(START + QUARTER):
        response = guess(people, "ann", PASSWORD)

    assert response.status_code == 200


def test_new_window_starts_at_one_with_full_length(people: Flask) -> None:
    with at(START):
        guesses(people, MOST)

    with at(START + QUARTER):
        heard = guesses(people, MOST)
        over = guess(people, "ann", PASSWORD)

    assert heard == [401] * MOST
    assert (over.status_code, over.headers["Retry-After"]) == (429, "900")


def test_further_attempts_do_not_extend_the_window(people: Flask) -> None:
    with at(START):
        guesses(people, 1)
    with at(START + 600):
        guesses(people, MOST - 1)

        over = guess(people, "ann", PASSWORD)

    assert (over.status_code, over.headers["Retry-After"]) == (429, "300")


@pytest.mark.parametrize(
    ("seconds", "kept"),
    [(QUARTER - 1, [1, 1, 1]), (QUARTER, []), (QUARTER + 1, [])],
    ids=["before", "at-its-end", "after"],
)
def test_purge_deletes_only_expired_counters(
    people: Flask, seconds: int, kept: list[int]
) -> None:
    with at(START):
        guesses(people, 1)

    with at(START + seconds):
        run(people, "purge")

    assert counts(people) == kept
