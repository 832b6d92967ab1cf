"""Query plans of lists: none scans the table of tasks on either database."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import String, cast, insert, literal, select, text

from taskapi import clock, db
from taskapi.projects import service as projects
from taskapi.tasks.models import TaskPriority, TaskStatus, table, task_tags
from taskapi.tasks.writes import new_row
from tests.conftest import KINDS
from tests.helpers.client import Client
from tests.helpers.rows import empty_tables
from tests.tasks.query_plans import large_sorts, plans

TASKS = 3_000
OTHERS = 5
SORTS = ["created_at", "updated_at", "completed_at", "due_date", "priority", "title"]
DIRECTED = [sign + name for name in SORTS for sign in ("", "-")]
FILTERS = [
    "status=todo",
    "status=todo,completed",
    "priority=urgent",
    "tag=tag7",
    "tag=tag7&tag=tag3",
    "parent_id={id}",
    "external_id=external7",
    "ids={id}",
    "due=none",
    "due_before=2030-01-05T00:00:00Z",
    "due_after=2030-01-05&due_before=2030-01-06",
    "due_after=2030-01-05T00:00:00Z",
    "created_after=2039-01-01T00:00:00Z",
    "updated_after=2039-01-01T00:00:00Z",
    "completed_after=2039-01-01T00:00:00Z",
    "overdue=true",
    "deleted=true",
    "q=word7",
    "q=word7+w",
    "q=word7&status=todo&tag=tag7",
]
FILTER_SORTS = ["-created_at", "due_date", "-priority", "title"]
FILTERS_AND_SORTS = [
    pytest.param(query, sort, marks=[] if number % 4 == other else [pytest.mark.slow])
    for number, query in enumerate(FILTERS)
    for other, sort in enumerate(FILTER_SORTS)
]
"""Each filter with one of the sorts; with the others in `make test-all`."""

ANALYZE = {"sqlite": "ANALYZE", "postgresql": "VACUUM ANALYZE tasks, task_tags"}
FORGET = {
    "sqlite": ["DELETE FROM sqlite_stat1", "ANALYZE sqlite_schema"],
    "postgresql": [ANALYZE["postgresql"]],
}
"""Statements without which the statistics change the plans of later tests."""

PAIRS = ["priority,-due_date", "due_date,title", "-completed_at,priority"]
MOST_SORTED = 3 * 21  # groups of due dates, and rows of a page
SCAN = r"Seq Scan on (tasks|task_tags)|SCAN (tasks|subtasks|task_tags)\b"


@pytest.fixture(scope="module", params=KINDS)
def client(request: pytest.FixtureRequest, apps: dict[str, Flask]) -> Iterator[Client]:
    """Return a client with ten thousand tasks; other users have some, too."""
    app = apps[request.param]
    clients = [Client(app, name).register() for name in ["ann", *"bcdef"]]
    with app.app_context(), db.transaction():
        for one in clients:
            store(one, TASKS if one.name == "ann" else TASKS // OTHERS)
    with app.app_context(), db.database.engine.connect() as connection:
        connection.execute(text(ANALYZE[request.param]))
    yield clients[0].log_in()
    empty_tables(app)
    with app.app_context(), db.database.engine.connect() as connection:
        for statement in FORGET[request.param]:
            connection.execute(text(statement))
        db.database.engine.dispose()  # connections to SQLite keep statistics


def store(one: Client, number: int) -> None:
    """Insert tasks directly, with a tag for each."""
    now = clock.now()
    project_id = projects.personal_id(one.user["id"])
    rows = [
        new_row(one.user["id"], project_id, fields_of(n), now) | at_times(n, now)
        for n in range(number)
    ]
    db.session.execute(insert(table), rows)
    name = literal("tag") + cast(table.c.id % 100, String)
    tags = select(table.c.id, name, name, table.c.project_id)
    tags = tags.where(table.c.project_id == project_id)
    db.session.execute(
        insert(task_tags).from_select(["task_id", "key", "name", "project_id"], tags)
    )


def fields_of(number: int) -> dict[str, Any]:
    day = date(2030, 1, 1) + timedelta(days=number % 365)
    return {
        "title": f"word{number % 500} of many",
        "status": list(TaskStatus)[number % 4],
        "priority": list(TaskPriority)[number % 3],
        "due_date": None if number % 3 else day,
        "external_id": f"external{number}",
    }


def at_times(number: int, now: datetime) -> dict[str, Any]:
    created_at = now - timedelta(minutes=number)
    deleted_at = None if number % 20 else created_at
    timestamps = {"created_at": created_at, "updated_at": created_at}
    return timestamps | {"deleted_at": deleted_at}


def scans(plan: list[str]) -> list[str]:
    """Return the steps that scan one of our tables."""
    return [step for step in plan if re.search(SCAN, step)]


@pytest.mark.parametrize("sort", DIRECTED)
def test_sort_reads_an_index_from_its_first_row(client: Client, sort: str) -> None:
    plan = plans(client, f"tasks?sort={sort}")

    assert plan
    assert scans(plan) == []
    assert large_sorts(plan, MOST_SORTED) == []


@pytest.mark.parametrize("sort", PAIRS)
def test_two_sort_keys_do_not_scan_a_table(client: Client, sort: str) -> None:
    cursor = client.get(f"tasks?sort={sort}&limit=50").json["next_cursor"]

    first = plans(client, f"tasks?sort={sort}")
    second = plans(client, f"tasks?sort={sort}&cursor={cursor}")

    assert scans(first + second) == []


@pytest.mark.parametrize("sort", DIRECTED)
def test_cursor_uses_an_index(client: Client, sort: str) -> None:
    cursor = client.get(f"tasks?sort={sort}&limit=50").json["next_cursor"]

    plan = plans(client, f"tasks?sort={sort}&cursor={cursor}")

    assert scans(plan) == []
    assert large_sorts(plan, MOST_SORTED) == []


@pytest.mark.parametrize(("query", "sort"), FILTERS_AND_SORTS)
def test_filter_does_not_scan_a_table(client: Client, query: str, sort: str) -> None:
    task_id = client.get("tasks?limit=1").json["items"][0]["id"]

    plan = plans(client, f"tasks?sort={sort}&{query.format(id=task_id)}")

    assert scans(plan) == []
