"""Query plans of lists over several projects, with and without values."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import String, cast, insert, literal, select, text

from taskapi import clock, db
from taskapi.db.engine import EXECUTIONS_BEFORE_PREPARE
from taskapi.projects import service
from taskapi.projects.models import ProjectRole
from taskapi.tasks.models import table, task_tags
from taskapi.tasks.writes import new_row
from tests.conftest import KINDS
from tests.helpers.client import Client
from tests.helpers.rows import empty_tables
from tests.helpers.statements import record_statements
from tests.projects.support import create_project
from tests.tasks.query_plans import large_sorts, plans
from tests.tasks.test_plans import ANALYZE, DIRECTED, FORGET, at_times, fields_of, scans

PROJECTS = 13
TASKS = 250
MOST_SORTED = (PROJECTS + 1) * 3 * 21  # projects, kinds of due dates, rows of a page
CUSTOM_PLANS = 5
"""PostgreSQL plans the first executions of a prepared statement with their values."""

PREPARED_LISTS = """
SELECT custom_plans FROM pg_prepared_statements WHERE statement LIKE '%%ORDER BY%%'
"""
FILTERS = [
    ("status=todo,completed", "title"),
    ("assignee_id=me", "-created_at"),
    ("assignee_id=me", "due_date"),
    ("assignee_id=none", "-created_at"),
    ("project_id=personal", "title"),
    ("deleted=true", "-created_at"),
    ("external_id=external7", "-created_at"),
    ("tag=tag7", "-created_at"),
    ("q=word7", "title"),
    ("parent_id=none", "-created_at"),
    ("ids=1,2,3", "-created_at"),
]


@pytest.fixture(scope="module", params=KINDS)
def member(request: pytest.FixtureRequest, apps: dict[str, Flask]) -> Iterator[Client]:
    """Return a member of many projects; another account has as many tasks."""
    app = apps[request.param]
    ann, bob = (Client(app, name).sign_in() for name in ("ann", "bob"))
    for number in range(PROJECTS):
        project = create_project(bob, f"Project {number}")
        with app.app_context(), db.transaction():
            service.add_member(project["id"], ann.user["id"], ProjectRole.EDITOR)
            store(bob, project["id"], ann.user["id"])
    with app.app_context(), db.transaction():
        store(bob, bob.project_id, None, number=PROJECTS * TASKS)
    with app.app_context(), db.database.engine.connect() as connection:
        connection.execute(text(ANALYZE[request.param]))
    yield ann
    empty_tables(app)
    with app.app_context(), db.database.engine.connect() as connection:
        for statement in FORGET[request.param]:
            connection.execute(text(statement))
        db.database.engine.dispose()  # connections to SQLite keep statistics


def store(
    owner: Client, project_id: int, assignee_id: int | None, number: int = TASKS
) -> None:
    """Insert tasks directly; every tenth has an assignee."""
    now = clock.now()
    rows: list[dict[str, Any]] = [
        new_row(owner.user["id"], project_id, fields_of(n), now)
        | at_times(n, now)
        | {"assignee_id": None if n % 10 else assignee_id}
        for n in range(number)
    ]
    db.session.execute(insert(table), rows)
    ids = select(table.c.id).where(table.c.project_id == project_id).subquery()
    columns = ["task_id", "key", "name", "project_id"]
    name = literal("tag") + cast(ids.c.id % 100, String)  # few tasks have each tag
    tags = select(ids.c.id, name, name, literal(project_id))
    db.session.execute(insert(task_tags).from_select(columns, tags))


def all_plans(client: Client, path: str) -> list[str]:
    """Return the plans for the values of a request and, on PostgreSQL, for any."""
    url = client.app.extensions["settings"].database_url
    generic = [] if url.startswith("sqlite") else plans(client, path, generic=True)
    return plans(client, path) + generic


@pytest.mark.parametrize("sort", DIRECTED)
def test_sort_reads_the_first_keys_of_each_project(member: Client, sort: str) -> None:
    cursor = member.get(f"tasks?sort={sort}&limit=50").json["next_cursor"]

    first = all_plans(member, f"tasks?sort={sort}")
    second = all_plans(member, f"tasks?sort={sort}&cursor={cursor}")

    assert first
    assert scans(first + second) == []
    assert large_sorts(first, MOST_SORTED) == []
    assert large_sorts(second, MOST_SORTED) == []


@pytest.mark.parametrize(("query", "sort"), FILTERS)
def test_filter_over_projects_scans_no_table(
    member: Client, query: str, sort: str
) -> None:
    plan = all_plans(member, f"tasks?{query}&sort={sort}")

    assert plan
    assert scans(plan) == []


def test_two_statuses_scan_no_table(member: Client) -> None:
    assert scans(all_plans(member, "tasks?status=todo,completed")) == []


@pytest.mark.parametrize("member", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "query",
    ["limit=20", "limit=100", "sort=due_date", "status=todo", "project_id=personal"],
)
def test_frequent_list_is_not_planned_again(member: Client, query: str) -> None:
    with member.app.app_context():
        engine = db.database.engine
        engine.dispose()

    for _ in range(EXECUTIONS_BEFORE_PREPARE + CUSTOM_PLANS + 2):
        assert member.get(f"tasks?{query}").status_code == 200

    with engine.connect() as connection:
        found = connection.exec_driver_sql(PREPARED_LISTS).all()
    assert [row.custom_plans for row in found] == [CUSTOM_PLANS]


@pytest.mark.parametrize("member", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("query", "is_fixed"),
    [
        ("limit=20", True),
        ("limit=21", False),
        ("limit=20&offset=1", False),
        ("due_before=2026-03-01", False),
        ("status=todo&sort=title", False),
    ],
)
def test_limit_is_fixed_unless_values_decide_the_plan(
    member: Client, query: str, *, is_fixed: bool
) -> None:
    texts: list[str] = []

    with record_statements(member.app, lambda text, _: texts.append(text)):
        member.get(f"tasks?{query}")

    assert ("LIMIT 21" in texts[-1]) == is_fixed


def test_total_is_counted_by_indexes(member: Client) -> None:
    assert scans(all_plans(member, "tasks?include_total=true")) == []
