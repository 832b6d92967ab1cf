"""Connections to a server that accepts no writes, such as a replica."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import NullPool, create_engine, text

from taskapi import db
from tests.helpers.client import Client, assert_problem


@pytest.fixture
def read_only(app: Flask, ann: Client) -> Iterator[Client]:
    """Return a client whose app connected while the database was read-only."""
    name = db_name(app)
    alter(app, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with app.app_context():
        db.database.engine.dispose()
    ann.get("tasks")
    alter(app, f"ALTER DATABASE {name} SET default_transaction_read_only = off")
    yield ann
    alter(app, f"ALTER DATABASE {name} RESET default_transaction_read_only")


def db_name(app: Flask) -> str:
    with app.app_context():
        return str(db.read(text("SELECT current_database()"))[0][0])


def alter(app: Flask, statement: str) -> None:
    """Run a statement on a separate connection."""
    url = app.extensions["settings"].database_url
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        connection.execute(text(statement))


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_read_only_connection_is_replaced(read_only: Client) -> None:
    error = read_only.post("tasks", {"title": "too early"})
    retried = read_only.post("tasks", {"title": "again"})

    assert_problem(error, 503, "service-unavailable")
    assert error.headers["Retry-After"] == "1"
    assert retried.status_code == 201
