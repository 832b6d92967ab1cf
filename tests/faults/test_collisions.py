"""Serialization failures and deadlocks of PostgreSQL: the transaction is repeated."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from flask import Flask
from sqlalchemy import text

from taskapi import db
from tests.helpers.client import Client, assert_problem

RAISE = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{}'; END $$"
ATTEMPTS = 3
CODES = {"serialization failure": "40001", "deadlock": "40P01"}


class Conflicting(NamedTuple):
    """A client of a view whose transactions fail, and the attempts of the view."""

    client: Client
    attempts: list[int]


@pytest.fixture(params=CODES.values(), ids=CODES)
def conflicting(
    request: pytest.FixtureRequest, make_app: Callable[..., Flask]
) -> Iterator[Callable[[int], Conflicting]]:
    """Return a function that creates a view whose first `times` attempts fail."""
    app = make_app("postgresql")

    def make(times: int) -> Conflicting:
        attempts: list[int] = []

        def view() -> dict[str, int]:
            attempts.append(len(attempts))
            if len(attempts) <= times:
                db.session.execute(text(RAISE.format(request.param)))
            return {"attempts": len(attempts)}

        app.add_url_rule("/conflicting", view_func=db.transactional(view, seconds=30))
        return Conflicting(Client(app), attempts)

    yield make
    with app.app_context():
        db.database.engine.dispose()


def test_collided_transaction_is_repeated(
    conflicting: Callable[[int], Conflicting],
) -> None:
    client, _ = conflicting(ATTEMPTS - 1)

    response = client.get("/conflicting")

    assert (response.status_code, response.json) == (200, {"attempts": ATTEMPTS})


def test_repeated_collisions_return_503(
    conflicting: Callable[[int], Conflicting],
) -> None:
    client, attempts = conflicting(ATTEMPTS)

    response = client.get("/conflicting")

    assert_problem(response, 503, "service-unavailable")
    assert response.headers["Retry-After"] == "1"
    assert len(attempts) == ATTEMPTS
