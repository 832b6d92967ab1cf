"""Connections that the database closes: one request fails, and no more."""

from collections.abc import Callable, Iterator
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from taskapi import db
from tests.helpers.client import Client, assert_problem
from tests.helpers.concurrency import run_concurrently
from tests.helpers.databases import execute_on_server, new_databases

CLIENTS = 8
TERMINATE = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = '{}' AND pid <> pg_backend_pid()"""


def end_connections(app: Flask) -> None:
    """Let PostgreSQL close all connections of an app."""
    with app.app_context():
        ((name,),) = db.read(text("SELECT current_database()"))
    execute_on_server(TERMINATE.format(name))


@pytest.fixture
def owner(make_app: Callable[..., Flask], tmp_path: Path) -> Iterator[Client]:
    """Return a client of a database whose connections no other test uses."""
    with new_databases(tmp_path, make_app) as make:
        app = make("postgresql")
        with app.app_context():
            flask_migrate.upgrade()
        yield Client(app, "ann").sign_in()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_lost_connections_fail_one_request(owner: Client, method: str) -> None:
    body = {"title": "Water the plants"} if method == "POST" else None
    run_concurrently(*[lambda: owner.get("tasks")] * CLIENTS)

    end_connections(owner.app)
    first, *others = [owner.call(method, "tasks", json=body) for _ in range(CLIENTS)]

    assert_problem(first, 503, "service-unavailable")
    assert {response.status_code for response in others} <= {200, 201}
