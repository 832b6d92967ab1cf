"""Work and memory that are bounded, however many tasks and filters there are."""

from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from sqlalchemy import insert

from taskapi import clock, db
from taskapi.db import engine
from taskapi.tasks import listing, queries, trash
from taskapi.tasks.models import Task, table
from taskapi.tasks.values import first
from tests.support import Client, faults
from tests.tasks.planting import rows

WIDE = 1_500
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
    task = ann.make_task(title="Garden")
    fields, now = {"title": "Dig", "parent_id": task["id"]}, clock.now()
    drafts = [first(ann.user["id"], fields, now) for _ in range(WIDE)]
    with ann.app.app_context(), db.transaction():
        db.session.execute(insert(table), drafts)
    return task


def test_a_tree_that_is_too_large_is_rejected(
    ann: Client, wide: dict[str, Any]
) -> None:
    response = ann.get(f"tasks/{wide['id']}?expand=subtasks")

    assert faults(response) == {"expand": "range"}


def test_a_purge_deletes_subtasks_first_and_counts_them(
    ann: Client, wide: dict[str, Any], statements: list[str]
) -> None:
    kept = ann.make_task(title="kept")
    assert ann.delete(f"tasks/{wide['id']}").status_code == 204
    statements.clear()

    with ann.app.app_context():
        number = trash.purge(timedelta(0))

    assert number == 1 + WIDE
    assert rows(ann, Task) == 1
    assert ann.get(f"tasks/{kept['id']}").status_code == 200
    batches = [text for text in statements if "DELETE FROM tasks" in text]
    assert len(batches) >= WIDE // trash.BATCH


def test_statements_of_lists_are_cached_up_to_a_limit(ann: Client) -> None:
    chosen = [some for n in (2, 3) for some in combinations(FILTERS, n)]

    for some in chosen:
        assert ann.get(f"tasks?{'&'.join(some)}").status_code == 200

    with ann.app.app_context():
        compiled: Any = db.database.engine._compiled_cache  # noqa: SLF001
    assert len(chosen) > 2 * queries.CACHED
    assert listing.page.cache_info().currsize <= queries.CACHED
    assert len(compiled) <= 1.5 * engine.MAX_CACHED_QUERIES
