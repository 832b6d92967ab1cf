"""Moves of tasks between projects."""

from typing import Any

import pytest

from tests.helpers.client import assert_problem, field_errors
from tests.projects.support import add_member, create_project
from tests.tasks.teams import Team, titles
from tests.tasks.trees import make_chain


def test_task_moves_with_its_descendants(team: Team) -> None:
    fields: Any = {"tags": ["Garden"], "external_id": "a"}
    child = {"title": "Child", "subtasks": [{"title": "Grandchild"}]}
    root = team.owner.create_task(title="Root", subtasks=[child], **fields)
    (middle,) = root["subtasks"]
    team.owner.delete(f"tasks/{middle['subtasks'][0]['id']}")
    change = {"project_id": team.project_id}

    moved = team.owner.patch(f"tasks/{root['id']}", change)

    assert moved.status_code == 200, moved.text
    assert moved.json["project_id"] == team.project_id
    assert moved.json["version"] == root["version"] + 1
    assert moved.json["tags"] == ["Garden"]
    assert titles(team.viewer, "sort=title") == ["Child", "Root"]
    assert titles(team.viewer, "deleted=true") == ["Grandchild"]
    assert titles(team.viewer, "q=root") == ["Root"]
    assert titles(team.viewer, "q=grandchild&deleted=true") == ["Grandchild"]
    assert titles(team.viewer, "tag=garden") == ["Root"]
    assert titles(team.owner, "project_id=personal") == []
    tree = team.viewer.get(f"tasks/{root['id']}?expand=subtasks").json
    assert [task["title"] for task in tree["subtasks"]] == ["Child"]


def test_moved_subtask_becomes_a_root(team: Team) -> None:
    root = team.owner.create_task(subtasks=[{"title": "Child"}])
    (child,) = root["subtasks"]

    moved = team.owner.patch(f"tasks/{child['id']}", {"project_id": team.project_id})

    assert moved.json["parent_id"] is None
    assert team.owner.get(f"tasks/{root['id']}").json["subtask_count"] == 0


def test_task_moves_below_a_parent_of_the_target(team: Team) -> None:
    task = team.owner.create_task()
    parent = team.create_task()
    change = {"project_id": team.project_id, "parent_id": parent["id"], "title": "New"}

    moved = team.owner.patch(f"tasks/{task['id']}", change).json

    assert (moved["parent_id"], moved["title"]) == (parent["id"], "New")
    assert moved["version"] == task["version"] + 1


def test_parent_outside_the_target_is_rejected(team: Team) -> None:
    task = team.owner.create_task()
    other = team.owner.create_task()
    change = {"project_id": team.project_id, "parent_id": other["id"]}

    response = team.owner.patch(f"tasks/{task['id']}", change)

    assert field_errors(response) == {"#/parent_id": "not-found"}
    assert team.owner.get(f"tasks/{task['id']}").json == task


def test_move_requires_editors_of_both_projects(team: Team) -> None:
    own = team.viewer.create_task()
    shared = team.create_task()
    into = team.viewer.patch(f"tasks/{own['id']}", {"project_id": team.project_id})
    personal = {"project_id": team.viewer.project_id}
    out = team.viewer.patch(f"tasks/{shared['id']}", personal)
    unknown = team.outsider.create_task()
    hidden = {"project_id": team.project_id}

    assert_problem(into, 403, "role-required")
    assert_problem(out, 403, "role-required")
    response = team.outsider.patch(f"tasks/{unknown['id']}", hidden)
    assert field_errors(response) == {"#/project_id": "not-found"}


def test_taken_external_id_prevents_a_move(team: Team) -> None:
    task = team.owner.create_task(external_id="a")
    existing = team.create_task(external_id="a")

    response = team.owner.patch(f"tasks/{task['id']}", {"project_id": team.project_id})

    problem = assert_problem(response, 409, "already-exists")
    assert problem["existing_id"] == existing["id"]
    assert team.owner.get(f"tasks/{task['id']}").json == task


@pytest.mark.parametrize("external_id", ["b", None])
def test_move_with_another_external_id_needs_only_this_one(
    team: Team, external_id: str | None
) -> None:
    task = team.owner.create_task(external_id="a")
    team.create_task(external_id="a")
    change = {"project_id": team.project_id, "external_id": external_id}

    moved = team.owner.patch(f"tasks/{task['id']}", change)

    assert moved.status_code == 200, moved.text
    assert moved.json["external_id"] == external_id
    assert moved.json["version"] == task["version"] + 1


def test_move_with_the_external_id_of_a_subtask_names_it(team: Team) -> None:
    task = team.owner.create_task(subtasks=[{"title": "Dig", "external_id": "a"}])
    change = {"project_id": team.project_id, "external_id": "a"}

    response = team.owner.patch(f"tasks/{task['id']}", change)

    problem = assert_problem(response, 409, "already-exists")
    assert [error["pointer"] for error in problem["errors"]] == ["#/external_id"]
    assert team.owner.get(f"tasks/{task['id']}").json["project_id"] != team.project_id


def test_move_to_a_taken_external_id_changes_nothing(team: Team) -> None:
    task = team.owner.create_task(external_id="a")
    existing = [team.create_task(external_id=name) for name in ("a", "b")]
    change = {"project_id": team.project_id, "external_id": "b"}

    response = team.owner.patch(f"tasks/{task['id']}", change)

    problem = assert_problem(response, 409, "already-exists")
    assert problem["existing_id"] == existing[1]["id"]
    assert team.owner.get(f"tasks/{task['id']}").json == task


def test_move_with_its_own_external_id_keeps_it(team: Team) -> None:
    task = team.owner.create_task(external_id="a")
    change = {"project_id": team.project_id, "external_id": "a"}

    moved = team.owner.patch(f"tasks/{task['id']}", change)

    assert moved.status_code == 200, moved.text
    assert moved.json["external_id"] == "a"
    found = team.viewer.get("tasks?external_id=a").json["items"]
    assert [one["id"] for one in found] == [task["id"]]


def test_bulk_reports_an_external_id_that_a_move_does_not_release(team: Team) -> None:
    task = team.owner.create_task(external_id="a")
    existing = team.create_task(external_id="a")
    move = {"id": task["id"], "project_id": team.project_id, "external_id": "b"}
    new = {"title": "New", "project_id": team.project_id, "external_id": "a"}

    response = team.owner.post("tasks/bulk", {"update": [move], "create": [new]})

    problem = assert_problem(response, 409, "already-exists")
    assert problem["existing_id"] == existing["id"]
    assert [one["pointer"] for one in problem["errors"]] == ["#/create/0/external_id"]


def test_bulk_move_takes_an_external_id_that_another_change_releases(
    team: Team,
) -> None:
    child = {"title": "Child", "external_id": "b"}
    root = team.owner.create_task(external_id="a", subtasks=[child])
    (child,) = root["subtasks"]
    first, second = (team.create_task(external_id=name) for name in ("a", "b"))
    changes = [
        {"id": root["id"], "project_id": team.project_id},
        {"id": child["id"], "external_id": "c"},
        {"id": first["id"], "external_id": None},
    ]

    response = team.owner.post("tasks/bulk", {"update": changes})

    assert response.status_code == 200, response.text
    found = response.json["updated"]
    assert [one["external_id"] for one in found] == ["a", "c", None]
    assert [one["version"] for one in found] == [2, 2, 2]
    assert {one["project_id"] for one in found} == {team.project_id}
    assert team.owner.get(f"tasks/{second['id']}").json == second


def test_assignees_who_are_no_members_are_cleared(team: Team) -> None:
    other = create_project(team.owner, "Field")
    add_member(other, team.editor, "viewer")
    kept = team.create_task(assignee_id=team.editor.user["id"])
    cleared = team.create_task(assignee_id=team.viewer.user["id"])

    moved = [
        team.owner.patch(f"tasks/{task['id']}", {"project_id": other["id"]}).json
        for task in (kept, cleared)
    ]

    assignees = [task["assignee_id"] for task in moved]
    assert assignees == [team.editor.user["id"], None]


def test_bulk_moves_and_creates_in_several_projects(team: Team) -> None:
    root = team.owner.create_task(title="Root", subtasks=[{"title": "Child"}])
    (child,) = root["subtasks"]
    request = {
        "update": [
            {"id": root["id"], "project_id": team.project_id, "title": "Moved"},
            {"id": child["id"], "title": "Moved too"},
        ],
        "create": [
            {"title": "Own", "tags": ["a"]},
            {"title": "Shared", "project_id": team.project_id, "tags": ["A"]},
        ],
    }

    result = team.owner.post("tasks/bulk", request)

    assert result.status_code == 200, result.text
    assert [task["title"] for task in result.json["created"]] == ["Own", "Shared"]
    versions = [task["version"] for task in result.json["updated"]]
    assert versions == [root["version"] + 1, child["version"] + 1]
    assert titles(team.viewer, "sort=title") == ["Moved", "Moved too", "Shared"]
    assert titles(team.viewer, "q=too") == ["Moved too"]
    assert titles(team.owner, "project_id=personal") == ["Own"]


def test_bulk_that_touches_a_project_of_a_viewer_changes_nothing(team: Team) -> None:
    shared = team.create_task()
    own = team.viewer.create_task()
    request = {
        "update": [{"id": own["id"], "title": "Other"}],
        "delete": [shared["id"]],
    }

    response = team.viewer.post("tasks/bulk", request)

    assert_problem(response, 403, "role-required")
    assert team.viewer.get(f"tasks/{own['id']}").json == own


def test_deep_tree_does_not_move_below_another_task(team: Team) -> None:
    tree: dict[str, Any] = {"title": "10"}
    for level in range(9, 0, -1):
        tree = {"title": str(level), "subtasks": [tree]}
    root = team.owner.create_task(**tree)
    parent = team.create_task()
    change = {"project_id": team.project_id, "parent_id": parent["id"]}

    response = team.owner.patch(f"tasks/{root['id']}", change)

    assert_problem(response, 422, "parent-too-deep")
    assert team.owner.get(f"tasks/{root['id']}").json["project_id"] != team.project_id


@pytest.mark.parametrize("target", ["shared", "personal"])
def test_task_that_moves_with_its_parent_keeps_no_other_project(
    team: Team, target: str
) -> None:
    root = team.owner.create_task(subtasks=[{"title": "Child"}])
    (child,) = root["subtasks"]
    projects = {"shared": team.project_id, "personal": team.owner.project_id}
    request = {
        "update": [
            {"id": root["id"], "project_id": team.project_id},
            {"id": child["id"], "project_id": projects[target]},
        ]
    }

    response = team.owner.post("tasks/bulk", request)

    assert field_errors(response) == {"#/update/1/project_id": "repeated"}
    assert titles(team.viewer) == []


def test_missing_task_is_reported_before_the_role(team: Team) -> None:
    shared = team.create_task()
    team.owner.delete(f"tasks/{shared['id']}")
    change = {"project_id": team.project_id}

    for task_id in (shared["id"], 2**60):
        response = team.viewer.patch(f"tasks/{task_id}", change)
        assert_problem(response, 404, "not-found")
        update = {"update": [{"id": task_id, "title": "Other"}]}
        errors = field_errors(team.viewer.post("tasks/bulk", update))
        assert errors == {"#/update/0/id": "not-found"}


@pytest.mark.parametrize("levels", [1, 5])
def test_move_needs_nine_statements(
    team: Team, statements: list[str], levels: int
) -> None:
    top = make_chain(team.owner, levels)[0]
    statements.clear()

    team.owner.patch(f"tasks/{top}", {"project_id": team.project_id})

    assert len(statements) == 9
