"""The search index of SQLite after migrations."""

from pathlib import Path

import pytest
from flask import Flask

from tests.helpers.client import Client
from tests.helpers.sql import execute
from tests.tasks.support import found
from tests.test_migrations import (
    NewDatabase,
    add_version,
    flask,
    folder,
    new_database,
)

__all__ = ["folder", "new_database"]
TRIGGERS = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' "
    "AND name LIKE 'task_terms%' ORDER BY name"
)
REBUILD = """with op.batch_alter_table("tasks", recreate="always") as tasks:
        tasks.add_column(sa.Column("more", sa.Text()))"""
KEEP = """kept = op.get_bind().exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'tasks'"
    ).all()
    {rebuild}
    for (trigger,) in kept:
        op.execute(trigger)"""


@pytest.fixture
def sqlite(new_database: NewDatabase) -> Flask:
    """Return an app on SQLite that is up to date."""
    app = new_database("sqlite")
    flask(app, "db", "upgrade")
    return app


def test_sqlite_maintains_the_terms_by_triggers(sqlite: Flask) -> None:
    names = [name for name, _ in execute(sqlite, TRIGGERS)]

    assert names == [
        "task_terms_delete",
        "task_terms_insert",
        "task_terms_update",
    ]


def test_index_of_terms_agrees_with_the_tasks(sqlite: Flask) -> None:
    ann = Client(sqlite, "ann").sign_in()
    bob = Client(sqlite, "bob").sign_in()
    made = [ann.create_task(title=title) for title in ("Tea", "Milk", "Cake")]
    bob.create_task(title="Juice", subtasks=[{"title": "Ice"}])
    ann.patch(f"tasks/{made[0]['id']}", {"title": "Tea time", "tags": ["x"]})
    ann.delete(f"tasks/{made[1]['id']}?permanent=true")
    ann.delete(f"tasks/{made[2]['id']}")

    bob.delete("users/me", {"password": "a long walk in the rain"})

    check = "INSERT INTO task_terms(task_terms, rank) VALUES('integrity-check', 1)"
    assert execute(sqlite, check) == []
    assert execute(sqlite, "SELECT count(*) FROM task_terms_docsize") == [(2,)]


def test_rebuilding_the_table_on_sqlite_requires_new_triggers(
    sqlite: Flask, folder: Path
) -> None:
    ann = Client(sqlite, "ann").sign_in()
    ann.create_task(title="Tea")
    before = execute(sqlite, TRIGGERS)
    add_version(folder, KEEP.format(rebuild=REBUILD))

    flask(sqlite, "db", "upgrade", "-d", str(folder))

    ann.create_task(title="Teapot")
    assert execute(sqlite, TRIGGERS) == before
    assert found(ann, "tea") == ["Tea", "Teapot"]
