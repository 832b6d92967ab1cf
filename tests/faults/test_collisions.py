"""Transactions that cannot both be: PostgreSQL ends one, and it is done again."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from flask import Flask
from sqlalchemy import text

from taskapi import db
from tests.helpers.client import Client, assert_problem

RAISE = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{}'; END $$"
TRIES = 3
CODES = {"serialization failure": "40001", "deadlock": "40P01"}


class Unlucky(NamedTuple):
    """A client of a view whose transactions collide, and how often it was begun."""

    client: Client
    tries: list[int]


@pytest.fixture(params=CODES.values(), ids=CODES)
def unlucky(
    request: pytest.FixtureRequest, make_app: Callable[..., Flask]
) -> Iterator[Callable[[int], Unlucky]]:
    """Return a maker of views that collide so many times."""
    made = make_app("postgresql")

    def make(times: int) -> Unlucky:
        tries: list[int] = []

        def view() -> dict[str, int]:
            tries.append(len(tries))
            if len(tries) <= times:
                db.session.execute(text(RAISE.format(request.param)))
            return {"tries": len(tries)}

        made.add_url_rule("/unlucky", view_func=db.transactional(view, seconds=30))
        return Unlucky(Client(made), tries)

    yield make
    with made.app_context():
        db.database.engine.dispose()


def test_collided_transaction_is_repeated(
    unlucky: Callable[[int], Unlucky],
) -> None:
    client, _ = unlucky(TRIES - 1)

    response = client.get("/unlucky")

    assert (response.status_code, response.json) == (200, {"tries": TRIES})


def test_repeated_collisions_return_503(
    unlucky: Callable[[int], Unlucky],
) -> None:
    client, tries = unlucky(TRIES)

    response = client.get("/unlucky")

    assert_problem(response, 503, "service-unavailable")
    assert response.headers["Retry-After"] == "1"
    assert len(tries) == TRIES
