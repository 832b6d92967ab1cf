"""A database that does not answer: no request waits longer than it may."""

import gc
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from taskapi import db
from taskapi.db import deadline
from tests.faults.relay import Relay
from tests.helpers.client import Client, assert_problem
from tests.helpers.concurrency import run_concurrently
from tests.helpers.databases import create, execute_on_server

SECONDS = 3
FOREVER = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT * FROM n"
)
POOL = 4
MakeApp = Callable[..., Flask]


@pytest.fixture(scope="session", autouse=True)
def watching() -> None:
    """Watch over this process, as a worker of gunicorn does."""
    deadline.start()


@pytest.fixture
def relay(make_app: MakeApp) -> Iterator[Relay]:
    """Return a network that leads to a migrated database."""
    name = f"taskapi_relayed_{os.getpid()}"
    address = create(name)
    made = Relay(address)
    yield made
    made.close()
    execute_on_server(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def ann_behind(relay: Relay, make_app: MakeApp) -> Iterator[Client]:
    """Return Ann, at a service that reaches its database by that network."""
    made = make_app(
        database_url=relay.database_url, threads=POOL - 1, request_timeout=SECONDS
    )
    with made.app_context():
        flask_migrate.upgrade()
    yield Client(made, "ann").register().log_in()
    with made.app_context():
        db.database.engine.dispose()


def open_files() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def in_use(app: Flask) -> int:
    """Count the connections that requests hold."""
    with app.app_context():
        return int(db.database.engine.pool.checkedout())


def crowd(ann: Client) -> list[TestResponse]:
    """Ask for all kinds of things at once, from more than there are connections."""
    login = {"email": "ann@example.org", "password": "a guess in the dark"}
    return run_concurrently(
        partial(ann.get, "tasks"),
        partial(ann.post, "tasks", {"title": "lost?"}),
        partial(ann.post, "auth/login", login),
        partial(ann.get, "/health"),
        partial(ann.get, "tasks?q=word"),
        partial(ann.get, "tasks/stats"),
    )


def test_requests_end_although_the_database_does_not_answer(
    ann_behind: Client, relay: Relay
) -> None:
    crowd(ann_behind)
    before = open_files()
    relay.swallow()

    answers = crowd(ann_behind) + crowd(ann_behind)

    relay.mend()
    after = ann_behind.get("tasks").status_code, ann_behind.get("/health").status_code
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["Retry-After"] for answer in answers} == {"1"}
    assert after == (200, 200)
    assert (in_use(ann_behind.app), deadline.running) == (0, {})
    assert open_files() <= before + 2 * POOL


def test_write_without_response_is_not_acknowledged_and_runs_once(
    ann_behind: Client, relay: Relay
) -> None:
    ann_behind.get("tasks")
    key = {"Idempotency-Key": "a-write-of-unknown-end"}
    relay.swallows_answers.set()

    unknown = ann_behind.post("tasks", {"title": "once"}, headers=key)
    relay.mend()
    repeated = ann_behind.post("tasks", {"title": "once"}, headers=key)

    assert_problem(unknown, 503, "service-unavailable")
    assert repeated.status_code == 201
    assert ann_behind.get("tasks").json["items"] == [repeated.json]


@pytest.fixture(params=["sqlite", "postgresql"])
def endless(request: pytest.FixtureRequest, make_app: MakeApp) -> Iterator[Client]:
    """Return a client of a service with a query that never ends."""

    def view() -> None:
        db.read(text(FOREVER))

    made = make_app(request.param)
    made.add_url_rule("/endless", view_func=db.transactional(view, seconds=1))
    yield Client(made)
    with made.app_context():
        db.database.engine.dispose()


def test_endless_query_is_aborted(endless: Client) -> None:
    answer = endless.get("/endless")

    assert_problem(answer, 503, "service-unavailable")
    assert in_use(endless.app) == 0
