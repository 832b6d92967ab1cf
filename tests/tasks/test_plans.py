"""No list reads the whole table of tasks, on either database."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import String, cast, insert, literal, select, text

from taskapi import clock, db
from taskapi.tasks.models import TaskPriority, TaskStatus, table, task_tags
from taskapi.tasks.writes import new_row
from tests.conftest import KINDS
from tests.helpers.client import Client
from tests.helpers.rows import empty_tables
from tests.tasks.query_plans import plans

MOST = 10_000
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
UPKEEP = {"sqlite": "ANALYZE", "postgresql": "VACUUM ANALYZE tasks, task_tags"}
PAIRS = ["priority,-due_date", "due_date,title", "-completed_at,priority"]
SORTED = r"\bSort\b|TEMP B-TREE FOR ORDER BY"
WHOLE = r"Seq Scan on (tasks|task_tags)|SCAN (tasks|subtasks|task_tags)\b"


@pytest.fixture(scope="module", params=KINDS)
def crowd(request: pytest.FixtureRequest, apps: dict[str, Flask]) -> Iterator[Client]:
    """Return Ann with ten thousand tasks, among others who have some."""
    app = apps[request.param]
    people = [Client(app, name).register() for name in ["ann", *"bcdef"]]
    with app.app_context(), db.transaction():
        for person in people:
            store(person, MOST if person.name == "ann" else MOST // OTHERS)
    with app.app_context(), db.database.engine.connect() as connection:
        connection.execute(text(UPKEEP[request.param]))
    yield people[0].log_in()
    empty_tables(app)


def store(person: Client, number: int) -> None:
    """Insert tasks and a tag for each behind the API's back."""
    owner_id, now = person.user["id"], clock.now()
    rows = [
        new_row(owner_id, fields_of(n), now) | at_times(n, now) for n in range(number)
    ]
    db.session.execute(insert(table), rows)
    name = literal("tag") + cast(table.c.id % 100, String)
    tags = select(table.c.id, name, name, table.c.owner_id)
    tags = tags.where(table.c.owner_id == owner_id)
    db.session.execute(
        insert(task_tags).from_select(["task_id", "key", "name", "owner_id"], tags)
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
    then = now - timedelta(minutes=number)
    gone = None if number % 20 else then
    return {"created_at": then, "updated_at": then, "deleted_at": gone}


def whole(plan: list[str]) -> list[str]:
    """Return the steps that read a table of ours from end to end."""
    return [step for step in plan if re.search(WHOLE, step)]


@pytest.mark.parametrize("sort", DIRECTED)
def test_sort_reads_an_index_from_its_first_row(crowd: Client, sort: str) -> None:
    plan = plans(crowd, f"tasks?sort={sort}")

    assert plan
    assert whole(plan) == []
    assert [step for step in plan if re.search(SORTED, step)] == []


@pytest.mark.parametrize("sort", PAIRS)
def test_two_sort_keys_do_not_scan_a_table(crowd: Client, sort: str) -> None:
    cursor = crowd.get(f"tasks?sort={sort}&limit=50").json["next_cursor"]

    first = plans(crowd, f"tasks?sort={sort}")
    second = plans(crowd, f"tasks?sort={sort}&cursor={cursor}")

    assert whole(first + second) == []


@pytest.mark.parametrize("sort", DIRECTED)
def test_cursor_uses_an_index(crowd: Client, sort: str) -> None:
    cursor = crowd.get(f"tasks?sort={sort}&limit=50").json["next_cursor"]

    plan = plans(crowd, f"tasks?sort={sort}&cursor={cursor}")

    assert whole(plan) == []
    assert [step for step in plan if re.search(SORTED, step)] == []


@pytest.mark.parametrize("sort", ["-created_at", "due_date", "-priority", "title"])
@pytest.mark.parametrize("query", FILTERS)
def test_filter_does_not_scan_a_table(crowd: Client, query: str, sort: str) -> None:
    task_id = crowd.get("tasks?limit=1").json["items"][0]["id"]

    plan = plans(crowd, f"tasks?sort={sort}&{query.format(id=task_id)}")

    assert whole(plan) == []
