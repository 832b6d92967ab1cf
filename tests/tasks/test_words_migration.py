"""What migrations do with the words of tasks, and with priorities."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from taskapi import clock
from tests.support import Client
from tests.system.sql import execute
from tests.tasks.support import found
from tests.test_migrations import (
    NewDatabase,
    add_version,
    empty,
    flask,
    folder,
    new_database,
)

__all__ = ["empty", "folder", "new_database"]
BEFORE = "02f944b9ee56"
RANKS = ["low", "medium", "high", "urgent"]
OLD = (
    "INSERT INTO tasks (owner_id, title, description, status, priority, due_is_day, "
    "version, created_at, updated_at) VALUES (:owner_id, :title, :description, 'todo', "
    ":priority, false, 1, :now, :now)"
)
TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
REBUILD = """with op.batch_alter_table("tasks", recreate="always") as tasks:
        tasks.add_column(sa.Column("more", sa.Text()))"""
KEEP = """kept = op.get_bind().exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'tasks'"
    ).all()
    {rebuild}
    for (trigger,) in kept:
        op.execute(trigger)"""


@pytest.fixture
def old(empty: Flask) -> Flask:
    """Return an app whose database has a task of each priority, before the words."""
    flask(empty, "db", "upgrade", BEFORE)
    ann = Client(empty, "ann").register()
    for priority in RANKS:
        values = {"title": f"Café {priority}", "description": "ss Straße '%\\ \u2713"}
        whose = {"owner_id": ann.user["id"], "priority": priority, "now": clock.now()}
        execute(empty, OLD, **values, **whose)
    return empty


def stored(app: Flask) -> list[Any]:
    return execute(app, "SELECT title, priority FROM tasks ORDER BY id")


def test_priorities_are_kept_up_and_down(old: Flask) -> None:
    before = stored(old)

    flask(old, "db", "upgrade")
    ann = Client(old, "ann").log_in()
    shown = [t["priority"] for t in ann.get("tasks?sort=priority").json["items"]]
    flask(old, "db", "downgrade", BEFORE)

    assert shown == RANKS
    assert stored(old) == before == [(f"Café {rank}", rank) for rank in RANKS]


def test_tasks_of_old_are_found_after_the_upgrade(old: Flask) -> None:
    flask(old, "db", "upgrade")

    ann = Client(old, "ann").log_in()

    every = [f"Café {rank}" for rank in sorted(RANKS)]
    assert found(ann, "CAFE strass \u2713 s") == every
    assert found(ann, "cafe high") == ["Café high"]
    assert found(ann, "milk") == []


def test_old_words_are_those_of_today(old: Flask) -> None:
    flask(old, "db", "upgrade")
    ann = Client(old, "ann").log_in()

    again = {"title": "Café low", "description": "ss Straße '%\\ \u2713"}
    ann.make_task(**again)

    words = "SELECT DISTINCT CAST(words AS text) FROM tasks WHERE title = 'Café low'"
    assert len(execute(old, words)) == 1


def test_old_tasks_are_changed_and_found_so(old: Flask) -> None:
    flask(old, "db", "upgrade")
    ann = Client(old, "ann").log_in()
    (task,) = ann.get("tasks?q=urgent").json["items"]

    ann.patch(f"tasks/{task['id']}", {"title": "Tea", "description": None})

    assert found(ann, "tea") == ["Tea"]
    assert found(ann, "urgent") == []


def test_what_came_later_goes_down_and_up_again(old: Flask) -> None:
    flask(old, "db", "upgrade")
    ann = Client(old, "ann").log_in()
    ann.make_task(title="Top", tags=["x"], subtasks=[{"title": "Sub"}])
    ann.delete(f"tasks/{ann.make_task(title='Gone')['id']}")

    flask(old, "db", "downgrade", BEFORE)
    flask(old, "db", "upgrade")

    assert found(ann, "top") == ["Top"]
    assert found(ann, "sub") == ["Sub"]
    assert found(ann, "gone", "deleted=true") == found(ann, "gone") == []


@pytest.fixture
def sqlite(new_database: NewDatabase) -> Flask:
    """Return an app on SQLite that is up to date."""
    app = new_database("sqlite")
    flask(app, "db", "upgrade")
    return app


def test_sqlite_keeps_the_words_by_triggers(sqlite: Flask) -> None:
    names = [name for name, _ in execute(sqlite, TRIGGERS)]

    assert names == [
        "task_words_delete",
        "task_words_insert",
        "task_words_update",
    ]


def test_the_index_of_words_agrees_with_the_tasks(sqlite: Flask) -> None:
    ann = Client(sqlite, "ann").register().log_in()
    bob = Client(sqlite, "bob").register().log_in()
    made = [ann.make_task(title=title) for title in ("Tea", "Milk", "Cake")]
    bob.make_task(title="Juice", subtasks=[{"title": "Ice"}])
    ann.patch(f"tasks/{made[0]['id']}", {"title": "Tea time", "tags": ["x"]})
    ann.delete(f"tasks/{made[1]['id']}?permanent=true")
    ann.delete(f"tasks/{made[2]['id']}")

    bob.delete("users/me", {"password": "a long walk in the rain"})

    check = "INSERT INTO task_words(task_words, rank) VALUES('integrity-check', 1)"
    assert execute(sqlite, check) == []
    assert execute(sqlite, "SELECT count(*) FROM task_words_docsize") == [(2,)]


def test_who_rebuilds_the_table_on_sqlite_must_make_its_triggers_again(
    sqlite: Flask, folder: Path
) -> None:
    ann = Client(sqlite, "ann").register().log_in()
    ann.make_task(title="Tea")
    before = execute(sqlite, TRIGGERS)
    add_version(folder, KEEP.format(rebuild=REBUILD))

    flask(sqlite, "db", "upgrade", "-d", str(folder))

    ann.make_task(title="Teapot")
    assert execute(sqlite, TRIGGERS) == before
    assert found(ann, "tea") == ["Tea", "Teapot"]
