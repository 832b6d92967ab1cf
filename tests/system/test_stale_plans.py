"""Migrations that add columns while instances run: open connections keep working."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from taskapi import db
from tests.helpers.client import Client
from tests.helpers.concurrency import run_concurrently
from tests.helpers.databases import new_databases

USES = 4
CONNECTIONS = 4
CHANGES = {
    "wider column": "ALTER TABLE tasks ALTER COLUMN title TYPE varchar(900)",
    "other type": "ALTER TABLE users ALTER COLUMN full_name TYPE text",
    "column": "ALTER TABLE tasks ADD COLUMN colour varchar(20)",
    "index": "CREATE INDEX ix_tasks_colour ON tasks (title, id)",
    "no plans": "DEALLOCATE ALL",
}


@pytest.fixture
def warmed(make_app: Callable[..., Flask], tmp_path: Path) -> Iterator[Client]:
    """Return a client of an app whose connections have prepared statements."""
    with new_databases(tmp_path, make_app) as make:
        app = make("postgresql")
        with app.app_context():
            flask_migrate.upgrade()
        ann = Client(app, "ann").register().log_in()
        for _ in range(USES):
            run_concurrently(*[partial(visit, ann)] * CONNECTIONS)
        yield ann


def visit(ann: Client) -> list[int]:
    """Send requests with the most frequent statements."""
    made = ann.post("tasks", {"title": "Sow", "tags": ["garden"]})
    path = f"tasks/{made.json['id']}"
    responses = [
        made,
        ann.get(path),
        ann.patch(path, {"title": "Reap"}),
        ann.get("tasks"),
        ann.get("users/me"),
        ann.get("/health"),
    ]
    return [response.status_code for response in responses]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_requests_succeed_after_the_schema_changed(warmed: Client, change: str) -> None:
    with warmed.app.app_context():
        everywhere = [db.database.engine.connect() for _ in range(CONNECTIONS)]
        for connection in everywhere if change.startswith("DEALLOCATE") else ():
            connection.connection.dbapi_connection.execute(change, prepare=False)
        for connection in everywhere:
            connection.close()
        if not change.startswith("DEALLOCATE"):
            with db.database.engine.connect() as connection:
                connection.execute(text(change))

    found = run_concurrently(*[partial(visit, warmed)] * CONNECTIONS)

    assert {tuple(statuses) for statuses in found} == {(201, 200, 200, 200, 200, 200)}
