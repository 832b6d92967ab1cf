"""Assignees of tasks."""

from typing import Any

import pytest
from sqlalchemy import exc, text

from taskapi import db
from tests.helpers.client import field_errors
from tests.tasks.teams import Team, titles


def test_any_member_can_be_assigned(team: Team) -> None:
    for member in team.members:
        task = team.create_task(by=team.editor, assignee_id=member.user["id"])

        assert task["assignee_id"] == member.user["id"]
        path = f"tasks/{task['id']}"
        assert (
            team.editor.patch(path, {"assignee_id": None}).json["assignee_id"] is None
        )
        changed = team.editor.patch(path, {"assignee_id": member.user["id"]})
        assert changed.json["assignee_id"] == member.user["id"]


def assignments(user_id: int, team: Team, task: dict[str, Any]) -> list[Any]:
    new = {"title": "A", "project_id": team.project_id, "assignee_id": user_id}
    changed = {"id": task["id"], "assignee_id": user_id}
    path = f"tasks/{task['id']}"
    return [
        ("#", "POST", "tasks", new),
        ("#", "POST", "tasks", new | {"parent_id": task["id"]}),
        (
            "#/subtasks/0",
            "POST",
            "tasks",
            {
                "title": "A",
                "project_id": team.project_id,
                "subtasks": [{"title": "B", "assignee_id": user_id}],
            },
        ),
        ("#", "PATCH", path, {"assignee_id": user_id}),
        ("#", "PATCH", path, {"assignee_id": user_id, "tags": ["a"]}),
        ("#/create/0", "POST", "tasks/bulk", {"create": [new]}),
        ("#/update/0", "POST", "tasks/bulk", {"update": [changed]}),
    ]


@pytest.mark.parametrize("way", range(7))
def test_other_user_cannot_be_assigned(team: Team, way: int) -> None:
    task = team.create_task()
    unknown = (team.outsider.user["id"], 2**62)
    for user_id in unknown:
        pointer, method, path, body = assignments(user_id, team, task)[way]

        response = team.editor.call(method, path, json=body)

        assert field_errors(response) == {f"{pointer}/assignee_id": "not-found"}
    assert team.editor.get(f"tasks/{task['id']}").json == task


@pytest.mark.parametrize("value", [True, "me", 0, 1.5])
def test_other_values_are_rejected(team: Team, value: Any) -> None:
    response = team.editor.post("tasks", {"title": "A", "assignee_id": value})

    assert list(field_errors(response)) == ["#/assignee_id"]


@pytest.mark.parametrize("sort", ["created_at", "title", "due_date", "priority"])
def test_list_of_an_assignee(team: Team, sort: str) -> None:
    ed = team.editor.user["id"]
    team.create_task(title="A", assignee_id=ed)
    team.create_task(title="B")
    team.editor.create_task(title="C", assignee_id=ed)

    assert titles(team.editor, f"assignee_id=me&sort={sort}") == ["A", "C"]
    assert titles(team.owner, f"assignee_id={ed}&sort={sort}") == ["A"]
    assert titles(team.owner, f"assignee_id=none&sort={sort}") == ["B"]
    assert titles(team.outsider, f"assignee_id={ed}&sort={sort}") == []


def test_word_that_is_unknown_is_rejected(team: Team) -> None:
    assert list(field_errors(team.owner.get("tasks?assignee_id=you"))) == [
        "assignee_id"
    ]


def test_database_rejects_an_assignee_who_is_no_member(team: Team) -> None:
    task = team.create_task()
    values = {"user": team.outsider.user["id"], "task": task["id"]}
    statement = text("UPDATE tasks SET assignee_id = :user WHERE id = :task")

    with (
        team.owner.app.app_context(),
        pytest.raises(exc.IntegrityError),
        db.database.engine.begin() as connection,
    ):
        connection.execute(statement, values)
