"""Bounded work and memory for large trees and many filters."""

from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from sqlalchemy import insert

from taskapi import clock, db
from taskapi.db import engine
from taskapi.mail import service as mail
from taskapi.tasks import listing, queries, trash
from taskapi.tasks.models import MAX_EXPANDED_TASKS, Task, table
from taskapi.tasks.writes import new_row
from tests.helpers.client import Client, assert_problem, field_errors
from tests.tasks.query_plans import work
from tests.tasks.trees import rows

WIDE = 1_500
STEPS_OF_AN_ID = {"postgresql": 0, "sqlite": 30}
"""SQLite reads the ids of all subtasks of a task; a row with its counts takes 150."""

STEPS_OF_A_HIT = 75
"""Those of its key; the columns of a row take 150 more."""

ROUNDING = 2 * 100
"""The steps of each of two statements are counted in hundreds."""

FILTERS = [
    "status=todo",
    "priority=low",
    "overdue=true",
    "external_id=x",
    "parent_id=none",
    "tag=a",
    "due_after=2036-01-01T00:00:00Z",
    "due_before=2036-01-01T00:00:00Z",
    "created_after=2036-01-01T00:00:00Z",
    "q=a",
]


@pytest.fixture
def wide(ann: Client) -> dict[str, Any]:
    """Return a task with more subtasks than a tree shows or a batch deletes."""
    task = ann.create_task(title="Garden")
    insert_below(ann, task["id"], WIDE)
    return task


def database_of(client: Client) -> str:
    """Return the name of the database of a client."""
    with client.app.app_context():
        return db.database.engine.dialect.name


def insert_below(client: Client, task_id: int, number: int) -> None:
    """Insert a number of subtasks of a task."""
    fields, now = {"title": "Dig", "parent_id": task_id}, clock.now()
    row = new_row(client.user["id"], client.project_id, fields, now)
    with client.app.app_context(), db.transaction():
        db.session.execute(insert(table), [row] * number)


def test_expand_rejects_a_tree_that_is_too_large(
    ann: Client, wide: dict[str, Any]
) -> None:
    response = ann.get(f"tasks/{wide['id']}?expand=subtasks")

    assert field_errors(response) == {"expand": "range"}


def test_expand_reads_a_bounded_number_of_rows(
    ann: Client, wide: dict[str, Any]
) -> None:
    path = f"tasks/{wide['id']}?expand=subtasks"
    before = work(ann, path, 422)

    insert_below(ann, wide["id"], WIDE)

    more = work(ann, path, 422) - before
    assert before > MAX_EXPANDED_TASKS
    assert more <= WIDE * STEPS_OF_AN_ID[database_of(ann)]


def test_search_computes_the_columns_of_the_page_only(
    ann: Client, wide: dict[str, Any]
) -> None:
    before = work(ann, "tasks?q=dig&limit=5", 200)

    insert_below(ann, wide["id"], WIDE)

    more = work(ann, "tasks?q=dig&limit=5", 200) - before
    assert more <= WIDE * STEPS_OF_A_HIT


@pytest.mark.parametrize("query", ["", "&sort=due_date"])
def test_list_of_a_hidden_project_reads_none_of_its_tasks(
    ann: Client, bob: Client, query: str
) -> None:
    insert_below(bob, bob.create_task()["id"], WIDE)
    path = f"tasks?include_total=true{query}&project_id="

    hidden = work(ann, f"{path}{bob.project_id}", 200)

    assert hidden <= work(ann, f"{path}{2**60}", 200) + ROUNDING


def test_large_tree_is_not_found_after_permanent_deletion(
    ann: Client, wide: dict[str, Any]
) -> None:
    subtask = ann.get(f"tasks?parent_id={wide['id']}&limit=1").json["items"][0]

    assert ann.delete(f"tasks/{wide['id']}?permanent=true").status_code == 204

    for task in (wide, subtask):
        path = f"tasks/{task['id']}"
        assert_problem(ann.get(path), 404, "not-found")
        assert_problem(ann.post(f"{path}/restore"), 404, "not-found")
        assert_problem(ann.delete(f"{path}?permanent=true"), 404, "not-found")
    for query in ("", "&deleted=true", "&q=dig"):
        listed = ann.get(f"tasks?include_total=true{query}")
        assert listed.json["total"] == 0


def test_large_tree_is_deleted_in_batches_in_the_background(
    ann: Client, wide: dict[str, Any], statements: list[str]
) -> None:
    path, trashed = f"tasks/{wide['id']}", ann.create_task()
    ann.delete(f"tasks/{trashed['id']}")
    ann.delete(path)
    statements.clear()
    mail.work_available.clear()

    assert ann.delete(f"{path}?permanent=true").status_code == 204

    assert mail.work_available.is_set()
    assert not any("DELETE FROM tasks" in text for text in statements)
    with ann.app.app_context():
        assert trash.purge_marked() == 1 + WIDE
    assert rows(ann, Task) == 1
    batches = [text for text in statements if "DELETE FROM tasks" in text]
    assert len(batches) >= WIDE // trash.BATCH


@pytest.mark.parametrize("query", ["", "?permanent=true"])
def test_deletion_of_too_many_tasks_changes_nothing(
    ann: Client,
    wide: dict[str, Any],
    query: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trash, "MAX_DELETED_TASKS", WIDE)

    response = ann.delete(f"tasks/{wide['id']}{query}")

    assert assert_problem(response, 409, "limit-reached")["limit"] == WIDE
    assert ann.get(f"tasks/{wide['id']}").json["subtask_count"] == WIDE


def test_bulk_deletion_of_too_many_tasks_changes_nothing(
    ann: Client, wide: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ann.create_task()
    monkeypatch.setattr(trash, "MAX_DELETED_TASKS", WIDE + 1)

    response = ann.post("tasks/bulk", {"delete": [other["id"], wide["id"]]})

    assert_problem(response, 409, "limit-reached")
    assert ann.get("tasks?include_total=true").json["total"] == WIDE + 2


def test_restoring_a_large_tree_reads_each_task_once(
    ann: Client, wide: dict[str, Any]
) -> None:
    ann.delete(f"tasks/{wide['id']}")

    assert ann.post(f"tasks/{wide['id']}/restore").status_code == 200

    assert ann.get(f"tasks/{wide['id']}").json["subtask_count"] == WIDE


def test_purge_deletes_subtasks_first_and_counts_them(
    ann: Client, wide: dict[str, Any], statements: list[str]
) -> None:
    kept = ann.create_task(title="kept")
    assert ann.delete(f"tasks/{wide['id']}").status_code == 204
    statements.clear()

    with ann.app.app_context():
        number = trash.purge(timedelta(0))

    assert number == 1 + WIDE
    assert rows(ann, Task) == 1
    assert ann.get(f"tasks/{kept['id']}").status_code == 200
    batches = [text for text in statements if "DELETE FROM tasks" in text]
    assert len(batches) >= WIDE // trash.BATCH


@pytest.mark.one_database
def test_list_statements_are_cached_up_to_a_limit(ann: Client) -> None:
    chosen = [*combinations(FILTERS, 2)]

    for some in chosen:
        assert ann.get(f"tasks?{'&'.join(some)}").status_code == 200

    with ann.app.app_context():
        compiled: Any = db.database.engine._compiled_cache  # noqa: SLF001
    assert len(chosen) > 2 * queries.MAX_CACHED_STATEMENTS
    assert listing.page.cache_info().currsize <= queries.MAX_CACHED_STATEMENTS
    assert len(compiled) <= 1.5 * engine.MAX_CACHED_QUERIES
