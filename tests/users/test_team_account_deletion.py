"""Deletion of accounts that are members of shared projects."""

from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from taskapi import db, maintenance
from taskapi.projects.models import PERMANENTLY, Project, memberships
from taskapi.tasks.models import Task
from taskapi.users import deletion
from tests.admin.conftest import root
from tests.helpers.cli import run
from tests.helpers.client import PASSWORD, Client, assert_problem
from tests.helpers.concurrency import run_concurrently
from tests.projects.support import add_member, create_project

__all__ = ["root"]
PROOF = {"password": PASSWORD}
ROUNDS = [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 50))]


def stored(app: Flask, table: Any) -> int:
    with app.app_context():
        return int(db.read(select(func.count()).select_from(table))[0][0])


def end(client: Client) -> Any:
    return client.delete("users/me", PROOF)


def test_shared_project_without_other_members_is_deleted(
    ann: Client, bob: Client
) -> None:
    project = create_project(ann)
    ann.create_task(project_id=project["id"], assignee_id=ann.user["id"])
    ann.create_task(assignee_id=ann.user["id"])

    assert end(ann).status_code == 204

    assert [stored(ann.app, table) for table in (Project, memberships, Task)] == [
        1,
        1,
        0,
    ]


def test_last_owner_of_a_project_with_members_cannot_be_deleted(
    ann: Client, bob: Client, root: Client
) -> None:
    projects = [create_project(ann) for _ in range(3)]
    for project, role in zip(projects, ("editor", "owner", "viewer"), strict=True):
        add_member(project, bob, role)
    task = ann.create_task()

    responses = [end(ann), root.delete(f"users/{ann.user['id']}")]

    for response in responses:
        problem = assert_problem(response, 409, "last-owner")
        assert problem["project_ids"] == [projects[0]["id"], projects[2]["id"]]
    assert ann.get(f"tasks/{task['id']}").json == task
    assert [one["member_count"] for one in ann.get("projects").json["items"]] == [
        *(1, 2, 2, 2)
    ]


def test_account_can_be_deleted_after_another_member_becomes_an_owner(
    ann: Client, bob: Client
) -> None:
    project = create_project(ann)
    add_member(project, bob, "viewer")
    ann.patch(f"projects/{project['id']}/members/{bob.user['id']}", {"role": "owner"})

    assert end(ann).status_code == 204

    found = bob.get(f"projects/{project['id']}").json
    assert (found["role"], found["member_count"]) == ("owner", 1)


def test_project_in_the_trash_does_not_prevent_the_deletion_of_its_owner(
    ann: Client, bob: Client
) -> None:
    project, other = create_project(ann), create_project(bob)
    add_member(project, bob, "editor")
    add_member(other, ann, "owner")
    for path in (f"projects/{project['id']}", f"projects/{other['id']}"):
        ann.delete(path)

    assert end(ann).status_code == 204

    assert stored(ann.app, Project) == 2
    assert bob.post(f"projects/{other['id']}/restore").status_code == 200


@pytest.mark.parametrize("way", ["administrator", "command"])
def test_last_shared_project_of_a_deactivated_owner_is_deleted(
    ann: Client, root: Client, way: str
) -> None:
    create_project(ann)
    path = f"users/{ann.user['id']}"
    root.patch(path, {"is_active": False})

    if way == "command":
        run(ann.app, "users", "delete", "ann@example.org", "--yes")
    else:
        assert root.delete(path).status_code == 204

    assert stored(ann.app, Project) == 1
    assert_problem(root.get(path), 404, "not-found")


def test_command_names_projects_without_another_owner(ann: Client, bob: Client) -> None:
    project = create_project(ann)
    add_member(project, bob)

    with pytest.raises(AssertionError, match=f"these projects: {project['id']}"):
        run(ann.app, "users", "delete", "ann@example.org", "--yes")

    assert ann.get("users/me").status_code == 200


def test_tasks_in_other_projects_remain_without_creator_and_assignee(
    ann: Client, bob: Client
) -> None:
    project = create_project(bob)
    add_member(project, ann)
    fields = {"project_id": project["id"], "assignee_id": ann.user["id"]}
    created = ann.create_task(**fields, tags=["a"])
    assigned = bob.create_task(**fields)
    kept = bob.create_task(project_id=project["id"], assignee_id=bob.user["id"])

    assert end(ann).status_code == 204

    for task, owner_id in ((created, None), (assigned, bob.user["id"])):
        found = bob.get(f"tasks/{task['id']}").json
        assert found == task | {
            "owner_id": owner_id,
            "assignee_id": None,
            "version": 2,
            "updated_at": found["updated_at"],
        }
    assert bob.get(f"tasks/{kept['id']}").json == kept
    members = bob.get(f"projects/{project['id']}/members").json["items"]
    assert [member["user_id"] for member in members] == [bob.user["id"]]


def test_large_account_leaves_its_projects_at_once(
    ann: Client, bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "BATCH", 5)
    shared, own = create_project(bob), create_project(ann)
    add_member(shared, ann)
    for project_id in (shared["id"], own["id"], ann.project_id):
        subtasks = [{"title": "Dig", "assignee_id": ann.user["id"]} for _ in range(7)]
        ann.create_task(project_id=project_id, subtasks=subtasks)

    assert end(ann).status_code == 204

    found = bob.get(f"tasks?project_id={shared['id']}&limit=100").json["items"]
    assert {task["assignee_id"] for task in found} == {None}
    assert bob.get(f"projects/{shared['id']}").json["member_count"] == 1
    with ann.app.app_context():
        end_of_own = select(Project.deleted_at).where(Project.id == own["id"])
        assert db.read(end_of_own)[0][0] == PERMANENTLY
        counted = maintenance.purge()["deleted accounts"]
    assert counted >= 8 + 8 + 8 - 5
    found = bob.get(f"tasks?project_id={shared['id']}&limit=100").json["items"]
    assert {task["owner_id"] for task in found} == {None}
    assert [stored(ann.app, table) for table in (Project, memberships, Task)] == [
        2,
        2,
        8,
    ]


def test_deletion_runs_a_fixed_number_of_statements(
    ann: Client, bob: Client, statements: list[str]
) -> None:
    counts = []
    for client, number in ((ann, 1), (bob, 10)):
        for _ in range(number):
            project = create_project(client)
            add_member(
                project, Client(client.app, f"o{project['id']}").sign_in(), "owner"
            )
            client.create_task(project_id=project["id"], assignee_id=client.user["id"])
        statements.clear()
        assert end(client).status_code == 204
        counts.append(len(statements))

    assert counts[0] == counts[1]


@pytest.mark.parametrize("attempt", ROUNDS)
@pytest.mark.parametrize("way", ["accept", "invite", "assign", "promote", "set-owner"])
def test_concurrent_deletion_leaves_no_member_and_no_assignee(
    ann: Client, bob: Client, way: str, attempt: int
) -> None:
    project = create_project(bob)
    members = f"projects/{project['id']}/members"
    invitations = f"projects/{project['id']}/invitations"
    task = bob.create_task(project_id=project["id"])
    if way in {"assign", "promote"}:
        add_member(project, ann, "viewer")
    token = bob.post(invitations, {}).json["token"]
    user_id = ann.user["id"]
    command = ("projects", "set-owner", str(project["id"]), "ann@example.org")
    changes = {
        "accept": partial(ann.post, "invitations/accept", {"token": token}),
        "invite": partial(bob.post, invitations, {"email": "ann@example.org"}),
        "assign": partial(bob.patch, f"tasks/{task['id']}", {"assignee_id": user_id}),
        "promote": partial(bob.patch, f"{members}/{user_id}", {"role": "owner"}),
        "set-owner": partial(_succeeds, ann.app, *command),
    }

    deleted, changed = run_concurrently(partial(end, ann), changes[way])

    assert deleted.status_code == 204, deleted.text
    if way != "set-owner":
        assert changed.status_code in {200, 201, 401, 404, 422}, changed.text
    found = bob.get(members).json["items"]
    assert [member["user_id"] for member in found] == [bob.user["id"]]
    assert bob.get(f"tasks/{task['id']}").json["assignee_id"] is None
    assert stored(ann.app, memberships) == 2


def _succeeds(app: Flask, *command: str) -> Any:
    """Return whether a command succeeds; the account may not exist any more."""
    try:
        return run(app, *command)
    except AssertionError as error:
        assert "There is no account" in str(error) or "not found" in str(error)  # noqa: PT017 - either may happen
        return None
