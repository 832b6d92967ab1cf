"""Responses to an account after its removal from a project: none has its data."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import exc, text

from taskapi import db
from tests.api_keys.clients import key_client
from tests.helpers.client import Client, assert_problem
from tests.projects.support import create_project
from tests.tasks.teams import Team, titles

QUERIES = [
    "",
    "q=water",
    "tag=garden",
    "parent_id=none",
    "parent_id={id}",
    "ids={id}",
    "assignee_id=me",
    "assignee_id={owner}",
    "assignee_id=none",
    "external_id=a",
    "project_id={project}",
    "deleted=true",
    "sort=title",
    "sort=due_date,-title",
    "status=todo,completed&sort=created_at",
]


def remove(team: Team) -> None:
    path = f"projects/{team.project_id}/members/{team.editor.user['id']}"
    assert team.owner.delete(path).status_code == 204


def leave(team: Team) -> None:
    path = f"projects/{team.project_id}/members/{team.editor.user['id']}"
    assert team.editor.delete(path).status_code == 204


def delete_project(team: Team) -> None:
    assert team.owner.delete(f"projects/{team.project_id}").status_code == 204


ENDS = pytest.mark.parametrize("end", [remove, leave, delete_project])


@pytest.fixture
def task(team: Team) -> dict[str, Any]:
    """Return a task with a subtask in the project; others are in the trash."""
    fields: Any = {"tags": ["garden"], "external_id": "a"}
    created = team.create_task(
        by=team.editor,
        **fields,
        assignee_id=team.editor.user["id"],
        subtasks=[{"title": "Water", "assignee_id": team.owner.user["id"]}],
    )
    deleted = team.create_task(title="Water")
    team.owner.delete(f"tasks/{deleted['id']}")
    return created


@ENDS
@pytest.mark.parametrize("kind", ["session", "key"])
def test_former_member_reads_nothing(
    team: Team, task: dict[str, Any], kind: str, end: Callable[[Team], None]
) -> None:
    ed = team.editor
    reader: Client = key_client(ed, "tasks:read") if kind == "key" else ed
    ids = {"id": task["id"], "project": team.project_id, "owner": task["owner_id"]}
    assert titles(reader)

    end(team)

    for query in QUERIES:
        page = reader.get(f"tasks?{query.format(**ids)}&include_total=true")
        assert (page.json["items"], page.json["total"]) == ([], 0), query
    for path in ("tags?include_total=true", f"tags?project_id={team.project_id}"):
        assert reader.get(path).json["items"] == []
    assert reader.get("tasks/stats").json["total"] == 0
    assert reader.get("users/me/export").text == ""
    for path in ("tasks/{id}", "tasks/{id}?expand=subtasks", "projects/{project}"):
        assert_problem(reader.get(path.format(**ids)), 404, "not-found")
    export = reader.get(f"users/me/export?project_id={team.project_id}")
    assert_problem(export, 404, "not-found")


@ENDS
@pytest.mark.parametrize("path", ["tasks", "tags", "projects/{project}/members"])
def test_cursor_of_a_former_member_shows_nothing(
    team: Team, path: str, end: Callable[[Team], None]
) -> None:
    for name in ("a", "b", "c"):
        team.create_task(title=name, tags=[name])
    path = path.format(project=team.project_id)
    cursor = team.editor.get(f"{path}?limit=1").json["next_cursor"]
    assert team.editor.get(f"{path}?limit=1&cursor={cursor}").json["items"]

    end(team)

    page = team.editor.get(f"{path}?limit=1&cursor={cursor}")
    assert page.status_code == 404 or page.json["items"] == []


@ENDS
def test_entity_tags_of_a_former_member_are_not_current(
    team: Team, task: dict[str, Any], end: Callable[[Team], None]
) -> None:
    paths = [f"tasks/{task['id']}", "tasks", f"projects/{team.project_id}"]
    read = {path: team.editor.get(path).headers["ETag"] for path in paths}

    end(team)

    for path, entity_tag in read.items():
        again = team.editor.get(path, headers={"If-None-Match": entity_tag})
        assert again.status_code in {200, 404}
        assert again.status_code == 404 or again.json["items"] == []


@ENDS
def test_repeated_request_of_a_former_member_changes_nothing(
    team: Team, task: dict[str, Any], end: Callable[[Team], None]
) -> None:
    headers = {"Idempotency-Key": "a"}
    path, change = f"tasks/{task['id']}", {"title": "First"}
    first = team.editor.patch(path, change, headers=headers)
    team.owner.patch(path, {"title": "Secret"})

    end(team)

    again = team.editor.patch(path, change, headers=headers)
    assert again.json == first.json
    other = team.editor.patch(path, change, headers={"Idempotency-Key": "b"})
    assert_problem(other, 404, "not-found")


def test_former_member_cannot_be_assigned(team: Team, task: dict[str, Any]) -> None:
    remove(team)

    stored = team.owner.get(f"tasks/{task['id']}").json
    again = team.owner.patch(
        f"tasks/{task['id']}", {"assignee_id": team.editor.user["id"]}
    )

    assert (stored["assignee_id"], stored["version"]) == (None, 2)
    assert stored["owner_id"] == team.editor.user["id"]
    assert_problem(again, 422, "validation-error")


def test_member_who_returns_sees_the_project_again(
    team: Team, task: dict[str, Any]
) -> None:
    remove(team)
    path = f"projects/{team.project_id}/invitations"
    token = team.owner.post(path, {"role": "viewer"}).json["token"]

    team.editor.post("invitations/accept", {"token": token})

    assert len(titles(team.editor)) == 2
    denied = team.editor.patch(f"tasks/{task['id']}", {"title": "B"})
    assert_problem(denied, 403, "role-required")


BROKEN = {
    "insert": "INSERT INTO tasks (project_id, assignee_id, title, terms, status, "
    "priority, due_is_day, version, created_at, updated_at) SELECT project_id, "
    ":outsider, title, terms, status, priority, due_is_day, 1, created_at, updated_at "
    "FROM tasks WHERE id = :task",
    "assign": "UPDATE tasks SET assignee_id = :outsider WHERE id = :task",
    "move": "UPDATE tasks SET project_id = :other WHERE id = :task",
    "remove": "DELETE FROM memberships WHERE project_id = :project AND user_id = :ed",
    "rejoin": "UPDATE memberships SET project_id = :other "
    "WHERE project_id = :project AND user_id = :ed",
}


@pytest.mark.parametrize("name", BROKEN)
def test_database_rejects_assignees_that_are_not_members(
    team: Team, task: dict[str, Any], name: str
) -> None:
    values = {
        "task": task["id"],
        "project": team.project_id,
        "other": create_project(team.owner)["id"],
        "ed": team.editor.user["id"],
        "outsider": team.outsider.user["id"],
    }

    used = {n: v for n, v in values.items() if f":{n}" in BROKEN[name]}
    with pytest.raises(exc.IntegrityError):
        run(team, BROKEN[name], used)


def run(team: Team, statement: str, values: dict[str, int]) -> None:
    """Run SQL outside of the service."""
    with (
        team.owner.app.app_context(),
        db.database.engine.begin() as connection,
    ):
        connection.execute(text(statement), values)
