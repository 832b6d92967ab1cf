"""Reads do not depend on writes: `last_used_at` is skipped if it cannot be written."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from taskapi import db
from tests.api_keys.clients import KeyClient, key_client
from tests.faults.locking import age_credentials, connect, locked
from tests.helpers.client import Client
from tests.helpers.statements import record_statements

CREDENTIALS: dict[str, Callable[[Client], Client]] = {
    "session": lambda ann: ann,
    "key": lambda ann: KeyClient(Client(ann.app, ann.name), key_client(ann).text),
}
LOCKS = {
    "rows": "SELECT FROM sessions FOR UPDATE; SELECT FROM api_keys FOR UPDATE",
    "tables": "LOCK TABLE sessions, api_keys IN SHARE MODE",
}
PATHS = ["tasks", "tasks/stats", "tasks?q=word", "tags"]


@pytest.fixture(params=CREDENTIALS.values(), ids=CREDENTIALS)
def aged(request: pytest.FixtureRequest, ann: Client) -> Client:
    """Return a client whose credentials were not used for six minutes."""
    caller: Client = request.param(ann)
    caller.user = ann.user
    assert caller.get("tasks").status_code == 200
    age_credentials(ann)
    return caller


def statuses(client: Client) -> set[int]:
    return {client.get(path).status_code for path in PATHS}


@pytest.mark.parametrize("statement", LOCKS.values(), ids=LOCKS)
def test_reads_with_aged_credentials_succeed_while_others_lock(
    aged: Client, statement: str
) -> None:
    with locked(aged.app, statement):
        found = statuses(aged)

    assert found == {200}


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_reads_with_aged_credentials_do_not_wait_for_writers_of_the_process(
    aged: Client,
) -> None:
    db.writers.acquire(0)
    try:
        found = statuses(aged)
    finally:
        db.writers.release()

    assert found == {200}


@pytest.fixture
def full(aged: Client) -> Iterator[Client]:
    """Return a client of a database on a full disk."""
    error = db.database.engine.dialect.loaded_dbapi.OperationalError

    def fail(statement: str, _values: object = None) -> None:
        if statement.startswith("UPDATE"):
            raise error("database or disk is full")

    with record_statements(aged.app, fail):
        yield aged


@pytest.fixture
def in_context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.mark.usefixtures("in_context")
def test_reads_with_aged_credentials_succeed_on_a_full_disk(full: Client) -> None:
    assert statuses(full) == {200}


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_reads_with_aged_credentials_succeed_on_a_read_only_server(
    aged: Client,
) -> None:
    with aged.app.app_context():
        name = db.database.engine.url.database
        db.database.engine.dispose()
    alter(aged.app, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        found = statuses(aged)
    finally:
        alter(aged.app, f"ALTER DATABASE {name} RESET default_transaction_read_only")
        with aged.app.app_context():
            db.database.engine.dispose()

    assert found == {200}


def test_last_used_is_written_when_no_lock_prevents_it(aged: Client) -> None:
    with locked(aged.app, LOCKS["rows"]):
        aged.get("tasks")
    before = last_used(aged)
    aged.get("tasks")

    assert last_used(aged) > before


def alter(app: Flask, statement: str) -> None:
    with connect(app) as other:
        other.execute("SET default_transaction_read_only = off")
        other.execute(statement)


def last_used(client: Client) -> str:
    """Return the latest use of the client's credentials, read without them."""
    statement = """SELECT max(last_used_at) FROM (
        SELECT last_used_at FROM sessions UNION ALL SELECT last_used_at FROM api_keys
    ) AS uses"""
    with connect(client.app) as other:
        return str(other.execute(statement).fetchone()[0])
