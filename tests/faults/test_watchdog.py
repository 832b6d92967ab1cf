"""A database that does not respond: requests end at their deadline."""

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
def deadline_thread() -> None:
    """Start the thread that enforces deadlines, as a gunicorn worker does."""
    deadline.start()


@pytest.fixture
def relay(make_app: MakeApp) -> Iterator[Relay]:
    """Return a proxy in front of an empty database."""
    name = f"taskapi_relayed_{os.getpid()}"
    address = create(name)
    relay = Relay(address)
    yield relay
    relay.close()
    execute_on_server(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def ann_behind_relay(relay: Relay, make_app: MakeApp) -> Iterator[Client]:
    """Return a client of an app that connects to its database through the proxy."""
    app = make_app(
        database_url=relay.database_url, threads=POOL - 1, request_timeout=SECONDS
    )
    with app.app_context():
        flask_migrate.upgrade()
    yield Client(app, "ann").register().log_in()
    with app.app_context():
        db.database.engine.dispose()


def open_files() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def in_use(app: Flask) -> int:
    """Count the connections in use."""
    with app.app_context():
        return int(db.database.engine.pool.checkedout())


def send_requests(ann: Client) -> list[TestResponse]:
    """Send different requests at once, more than there are connections."""
    login = {"email": "ann@example.org", "password": "a wrong password"}
    return run_concurrently(
        partial(ann.get, "tasks"),
        partial(ann.post, "tasks", {"title": "lost?"}),
        partial(ann.post, "auth/login", login),
        partial(ann.get, "/health"),
        partial(ann.get, "tasks?q=word"),
        partial(ann.get, "tasks/stats"),
    )


def test_requests_return_503_while_the_database_does_not_respond(
    ann_behind_relay: Client, relay: Relay
) -> None:
    send_requests(ann_behind_relay)
    before = open_files()
    relay.discard()

    responses = send_requests(ann_behind_relay) + send_requests(ann_behind_relay)

    relay.restore()
    after = (
        ann_behind_relay.get("tasks").status_code,
        ann_behind_relay.get("/health").status_code,
    )
    assert {response.status_code for response in responses} == {503}
    assert {response.headers["Retry-After"] for response in responses} == {"1"}
    assert after == (200, 200)
    assert (in_use(ann_behind_relay.app), deadline.running) == (0, {})
    assert open_files() <= before + 2 * POOL


def test_write_without_response_is_not_acknowledged_and_runs_once(
    ann_behind_relay: Client, relay: Relay
) -> None:
    ann_behind_relay.get("tasks")
    key = {"Idempotency-Key": "a-write-without-response"}
    relay.discards_responses.set()

    unknown = ann_behind_relay.post("tasks", {"title": "once"}, headers=key)
    relay.restore()
    repeated = ann_behind_relay.post("tasks", {"title": "once"}, headers=key)

    assert_problem(unknown, 503, "service-unavailable")
    assert repeated.status_code == 201
    assert ann_behind_relay.get("tasks").json["items"] == [repeated.json]


@pytest.fixture(params=["sqlite", "postgresql"])
def endless(request: pytest.FixtureRequest, make_app: MakeApp) -> Iterator[Client]:
    """Return a client of an app with an endless query."""

    def view() -> None:
        db.read(text(FOREVER))

    app = make_app(request.param)
    app.add_url_rule("/endless", view_func=db.transactional(view, seconds=1))
    yield Client(app)
    with app.app_context():
        db.database.engine.dispose()


def test_endless_query_is_aborted(endless: Client) -> None:
    response = endless.get("/endless")

    assert_problem(response, 503, "service-unavailable")
    assert in_use(endless.app) == 0
