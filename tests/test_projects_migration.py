"""The migration from tasks of accounts to tasks of projects, with data, up and down."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.conftest import KINDS
from tests.helpers.client import Client
from tests.helpers.databases import NewDatabase, new_databases
from tests.helpers.sql import execute
from tests.projects.support import add_member, create_project

BEFORE = "8d60e0743d7f"
OLD_TASK = (
    "INSERT INTO tasks (id, owner_id, parent_id, external_id, title, terms, status,"
    " priority, due_is_day, version, created_at, updated_at) VALUES (:id, :owner,"
    " :parent, :external, 'Tea', :terms, 'todo', 2, false, 3, '2026-01-01 00:00:00',"
    " '2026-01-01 00:00:00')"
)
OLD_TAG = (
    "INSERT INTO task_tags (task_id, key, name, owner_id)"
    " VALUES (:task, 'garden', 'Garden', :owner)"
)
OLD_USER = (
    "INSERT INTO users (id, email, password_hash, timezone, role, is_active,"
    " email_verified, version, created_at, updated_at) VALUES (:id, :email, 'x',"
    " 'UTC', 'user', true, false, 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
)


@pytest.fixture(params=KINDS)
def empty(
    request: pytest.FixtureRequest, make_app: Callable[..., Flask], tmp_path: Path
) -> Iterator[Flask]:
    """Return an app on an empty database of each kind."""
    make: NewDatabase
    with new_databases(tmp_path, make_app) as make:
        yield make(request.param)


def migrate(app: Flask, *arguments: str) -> None:
    result = app.test_cli_runner().invoke(args=["db", *arguments])
    assert result.exit_code == 0, result.output


def found(client: Client, query: str = "") -> list[int]:
    return [task["id"] for task in client.get(f"tasks?{query}").json["items"]]


def test_tasks_of_the_previous_release_become_personal(empty: Flask) -> None:
    migrate(empty, "upgrade", BEFORE)
    execute(empty, OLD_USER, id=7, email="old@example.org")
    for task_id, parent in ((11, None), (12, 11)):
        values = {"id": task_id, "owner": 7, "parent": parent, "terms": "7@tea"}
        execute(empty, OLD_TASK, external=f"x{task_id}", **values)
    execute(empty, OLD_TAG, task=11, owner=7)

    migrate(empty, "upgrade")

    projects = execute(empty, "SELECT id, personal_user_id, name FROM projects")
    assert projects == [(7, 7, "Personal")]
    members = execute(empty, "SELECT user_id, project_id, role FROM memberships")
    assert members == [(7, 7, 3)]
    columns = "id, project_id, owner_id, assignee_id, parent_id, external_id, version"
    stored = execute(empty, f"SELECT {columns} FROM tasks ORDER BY id")  # noqa: S608 # constant
    assert stored == [
        (11, 7, 7, None, None, "x11", 3),
        (12, 7, 7, None, 11, "x12", 3),
    ]
    assert execute(empty, "SELECT task_count FROM users") == [(2,)]
    ann = Client(empty, "ann").sign_in()
    assert ann.project_id > 7
    assert found(ann) == []


def make_team(app: Flask) -> tuple[Client, Client, dict[str, Any]]:
    """Create an owner and an editor of a project, with tasks everywhere."""
    ann, bob = (Client(app, name).sign_in() for name in ("ann", "bob"))
    for _ in range(3):  # ids of projects differ from those of accounts
        create_project(ann, "Empty")
    project = create_project(ann)
    add_member(project, bob)
    shared = {"project_id": project["id"], "tags": ["Garden"]}
    root = ann.create_task(title="Root", external_id="a", **shared)
    child = {"parent_id": root["id"], "assignee_id": ann.user["id"]}
    ids = {
        "own": ann.create_task(title="Own", external_id="a", tags=["garden"])["id"],
        "root": root["id"],
        "child": bob.create_task(title="Child", **shared, **child)["id"],
        "bob": bob.create_task(title="Of Bob")["id"],
    }
    return ann, bob, ids


def owners_of_terms(app: Flask) -> set[int]:
    """Return the accounts of index terms, all of which are those of their tasks."""
    rows = execute(app, "SELECT owner_id, CAST(terms AS TEXT) FROM tasks")
    terms = [(owner, t) for owner, all_of in rows for t in all_of.split()]
    assert all(term.strip("'").startswith(f"{owner}@") for owner, term in terms)
    return {owner for owner, _ in terms}


def test_up_down_up_keeps_every_task(empty: Flask) -> None:
    migrate(empty, "upgrade")
    ann, bob, ids = make_team(empty)

    migrate(empty, "downgrade", BEFORE)

    owners = dict(execute(empty, "SELECT id, owner_id FROM tasks"))
    mine, his = ann.user["id"], bob.user["id"]
    assert owners == {
        ids["own"]: mine,
        ids["root"]: mine,
        ids["child"]: his,
        ids["bob"]: his,
    }
    parents = execute(empty, "SELECT id FROM tasks WHERE parent_id IS NOT NULL")
    assert parents == []  # its parent belongs to another account now
    kept = execute(empty, "SELECT external_id FROM tasks ORDER BY id")
    assert [name for (name,) in kept].count("a") == 1
    assert owners_of_terms(empty) == set(owners.values())
    counted = execute(empty, "SELECT id, task_count FROM users ORDER BY id")
    assert counted == [(mine, 2), (his, 2)]

    migrate(empty, "upgrade")

    assert set(found(ann)) == {ids["own"], ids["root"]}
    assert set(found(bob)) == {ids["child"], ids["bob"]}
    assert found(ann, "q=root") == [ids["root"]]
    assert set(found(ann, "tag=garden")) == {ids["own"], ids["root"]}
    assert ann.get("tags").json["items"][0]["task_count"] == 2


def test_deleted_ids_are_not_used_again(empty: Flask) -> None:
    migrate(empty, "upgrade")
    ann = Client(empty, "ann").sign_in()
    last = ann.create_task()["id"]
    ann.delete(f"tasks/{last}?permanent=true")

    migrate(empty, "downgrade", BEFORE)
    migrate(empty, "upgrade")

    assert ann.create_task()["id"] > last
