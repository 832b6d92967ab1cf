"""Connections that the database closes: one request fails, and no more."""

import pytest
from flask import Flask
from sqlalchemy import text

from taskapi import db
from tests.helpers.client import Client, assert_problem
from tests.helpers.concurrency import run_concurrently
from tests.helpers.databases import execute_on_server

CLIENTS = 8
TERMINATE = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = '{}' AND pid <> pg_backend_pid()"""


def end_connections(app: Flask) -> None:
    """Let PostgreSQL close all connections of an app."""
    with app.app_context():
        ((name,),) = db.read(text("SELECT current_database()"))
    execute_on_server(TERMINATE.format(name))


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_lost_connections_fail_one_request(ann: Client, method: str) -> None:
    body = {"title": "Water the plants"} if method == "POST" else None
    run_concurrently(*[lambda: ann.get("tasks")] * CLIENTS)

    end_connections(ann.app)
    first, *others = [ann.call(method, "tasks", json=body) for _ in range(CLIENTS)]

    assert_problem(first, 503, "service-unavailable")
    assert {response.status_code for response in others} <= {200, 201}
