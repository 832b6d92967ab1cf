"""Tasks of a project that several accounts share."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.helpers.client import Client, assert_problem, field_errors
from tests.projects.support import add_member
from tests.tasks.teams import Team, titles

WRITES: list[tuple[str, str, Any]] = [
    ("PATCH", "tasks/{id}", {"title": "Water the roses"}),
    ("PATCH", "tasks/{id}", {"title": "Water the plants"}),  # without effect
    ("PATCH", "tasks/{id}", {"tags": ["garden"]}),
    ("PATCH", "tasks/{id}", {"parent_id": None}),
    ("PUT", "tasks/{id}", {"title": "Water the roses"}),
    ("DELETE", "tasks/{id}", None),
    ("DELETE", "tasks/{id}?permanent=true", None),
    ("POST", "tasks/{id}/restore", None),
    ("POST", "tasks/bulk", {"update": [{"id": "{id}", "title": "Other"}]}),
    ("POST", "tasks/bulk", {"delete": ["{id}"]}),
    ("POST", "tasks/bulk", {"create": [{"title": "A", "project_id": "{project}"}]}),
    ("POST", "tasks", {"title": "A", "project_id": "{project}"}),
    ("POST", "tasks", {"title": "A", "project_id": "{project}", "tags": ["b"]}),
    ("POST", "tasks", {"title": "A", "project_id": "{project}", "parent_id": "{id}"}),
]


def fill(value: Any, team: Team, task: dict[str, Any]) -> Any:
    """Replace the placeholders of a body or path by ids."""
    if isinstance(value, dict):
        return {name: fill(item, team, task) for name, item in value.items()}
    if isinstance(value, list):
        return [fill(item, team, task) for item in value]
    ids = {"{id}": task["id"], "{project}": team.project_id}
    if value in ids:
        return ids[value]
    return value.format(id=task["id"]) if isinstance(value, str) else value


def send(client: Client, write: tuple[str, str, Any], team: Team, task: Any) -> Any:
    method, path, body = write
    return client.call(method, fill(path, team, task), json=fill(body, team, task))


@pytest.mark.one_database
@pytest.mark.parametrize("query", ["", "&sort=due_date", "&q=water"])
def test_filter_by_a_hidden_project_finds_nothing(team: Team, query: str) -> None:
    team.create_task(title="Water the plants")
    team.outsider.create_task(title="Water the lawn")
    path = f"tasks?project_id={team.project_id}&include_total=true{query}"

    page = team.outsider.get(path).json

    assert (page["items"], page["total"]) == ([], 0)


def test_all_members_read_a_task(team: Team) -> None:
    task = team.create_task(tags=["garden"])

    for member in team.members:
        assert member.get(f"tasks/{task['id']}").json == task
        assert titles(member) == [task["title"]]
        assert titles(member, "q=water") == [task["title"]]
        assert titles(member, "tag=garden") == [task["title"]]
        assert titles(member, f"ids={task['id']}") == [task["title"]]
        assert member.get("tags").json["items"] == [{"name": "garden", "task_count": 1}]
        assert member.get("tasks/stats").json["total"] == 1
        assert member.get("tasks?include_total=true").json["total"] == 1
    assert task["owner_id"] == team.owner.user["id"]


def test_other_users_find_nothing(team: Team) -> None:
    task = team.create_task(tags=["garden"])
    sam = team.outsider

    assert_problem(sam.get(f"tasks/{task['id']}"), 404, "not-found")
    for query in ("", "q=water", "tag=garden", f"ids={task['id']}", "parent_id=none"):
        assert titles(sam, query) == []
        assert titles(sam, f"{query}&project_id={team.project_id}") == []
    assert sam.get("tags").json["items"] == []
    assert sam.get("tasks/stats").json["total"] == 0
    assert sam.get(f"tasks/stats?project_id={team.project_id}").json["total"] == 0


@pytest.mark.parametrize("write", WRITES)
def test_viewers_change_nothing(team: Team, write: Any) -> None:
    task = team.create_task()

    problem = assert_problem(send(team.viewer, write, team, task), 403, "role-required")

    assert problem["required_role"] == "editor"
    assert team.owner.get(f"tasks/{task['id']}").json == task
    assert titles(team.owner) == [task["title"]]


@pytest.mark.parametrize("write", WRITES)
def test_other_users_change_nothing(team: Team, write: Any) -> None:
    task = team.create_task()

    response = send(team.outsider, write, team, task)

    expected = 404 if "{id}" in write[1] else 422
    assert response.status_code == expected, response.text
    assert team.owner.get(f"tasks/{task['id']}").json == task
    assert titles(team.owner) == [task["title"]]


@pytest.mark.parametrize("write", WRITES)
def test_editors_change_tasks(team: Team, write: Any) -> None:
    task = team.create_task()

    response = send(team.editor, write, team, task)

    assert response.status_code in {200, 201, 204}, response.text


def test_editor_creates_a_task_in_the_project(team: Team) -> None:
    task = team.create_task(by=team.editor)

    assert task["project_id"] == team.project_id
    assert task["owner_id"] == team.editor.user["id"]
    assert titles(team.viewer) == [task["title"]]


def test_new_task_is_personal_by_default(team: Team) -> None:
    task = team.owner.create_task()

    assert task["project_id"] == team.owner.project_id
    assert titles(team.editor) == []


@pytest.mark.parametrize("project_id", [1, 2**62])
def test_unknown_project_is_rejected(team: Team, project_id: int) -> None:
    response = team.owner.post("tasks", {"title": "A", "project_id": project_id})

    assert field_errors(response) == {"#/project_id": "not-found"}


@pytest.mark.parametrize("value", ["personal", True, 1.5, None, 0])
def test_other_values_of_the_project_are_rejected(team: Team, value: Any) -> None:
    response = team.owner.post("tasks", {"title": "A", "project_id": value})

    assert list(field_errors(response)) == ["#/project_id"]


def test_lists_cover_all_projects(team: Team) -> None:
    own = team.editor.create_task(title="Own")
    team.create_task(title="Shared")

    assert titles(team.editor) == ["Shared", "Own"]
    assert titles(team.editor, "project_id=personal") == ["Own"]
    assert titles(team.editor, f"project_id={own['project_id']}") == ["Own"]
    assert titles(team.editor, f"project_id={team.project_id}") == ["Shared"]
    assert titles(team.editor, "project_id=0") == []
    assert team.editor.get("tasks/stats").json["total"] == 2
    assert team.editor.get("tasks/stats?project_id=personal").json["total"] == 1


def test_list_follows_the_first_shared_project_of_an_account(team: Team) -> None:
    team.create_task(title="Prune")
    nora = Client(team.owner.app, "nora").sign_in()
    nora.create_task(title="Sow")
    path = f"projects/{team.project_id}/members/{nora.user['id']}"

    before = titles(nora)
    add_member({"id": team.project_id}, nora, "viewer")
    during = titles(nora)
    team.owner.delete(path)

    assert (before, sorted(during)) == (["Sow"], ["Prune", "Sow"])
    assert titles(nora) == ["Sow"]


def test_word_for_a_project_that_is_unknown_is_rejected(team: Team) -> None:
    response = team.owner.get("tasks?project_id=mine")

    (error,) = assert_problem(response, 422, "validation-error")["errors"]
    assert error["parameter"] == "project_id"
    assert "personal" in error["message"]
    assert "personal" in error["hint"]


def test_bulk_request_of_a_viewer_changes_nothing_and_names_the_entries(
    team: Team,
) -> None:
    own, shared, other = (
        team.viewer.create_task(),
        team.create_task(),
        team.create_task(),
    )
    body = {
        "create": [{"title": "A"}, {"title": "B", "project_id": team.project_id}],
        "update": [{"id": own["id"], "title": "C"}],
    }
    changes = {
        "update": [{"id": own["id"], "title": "C"}, {"id": shared["id"], "title": "D"}],
        "delete": [other["id"]],
    }
    moves = {"update": [{"id": own["id"], "project_id": team.project_id}]}

    created, changed, moved = (
        team.viewer.post("tasks/bulk", sent) for sent in (body, changes, moves)
    )

    assert rejected_entries(created) == ["#/create/1/project_id"]
    assert rejected_entries(changed) == ["#/update/1/id", "#/delete/0"]
    assert rejected_entries(moved) == ["#/update/0/project_id"]
    assert team.viewer.get(f"tasks/{own['id']}").json["version"] == own["version"]
    assert len(titles(team.viewer)) == 3


def rejected_entries(response: TestResponse) -> list[str]:
    """Return the pointers of a request for which the role is too low."""
    problem = assert_problem(response, 403, "role-required")
    assert problem["required_role"] == "editor"
    assert {error["code"] for error in problem["errors"]} == {"role-required"}
    return [error["pointer"] for error in problem["errors"]]


@pytest.mark.parametrize(
    "fields", [{}, {"tags": ["a"]}, {"subtasks": [{"title": "B"}]}]
)
def test_task_in_a_project_of_a_viewer_is_rejected_alike(
    team: Team, fields: Any
) -> None:
    task = {"title": "A", "project_id": team.project_id}

    response = team.viewer.post("tasks", task | fields)

    assert rejected_entries(response) == ["#/project_id"]


def test_tags_are_summed_over_projects(team: Team) -> None:
    team.editor.create_task(tags=["Garden"])
    team.create_task(tags=["garden", "house"])

    assert team.editor.get("tags").json["items"] == [
        {"name": "Garden", "task_count": 2},
        {"name": "house", "task_count": 1},
    ]
    assert team.viewer.get("tags").json["items"] == [
        {"name": "garden", "task_count": 1},
        {"name": "house", "task_count": 1},
    ]
    shared = team.editor.get(f"tags?project_id={team.project_id}").json["items"]
    assert [tag["task_count"] for tag in shared] == [1, 1]


def test_tag_is_shown_as_first_written_in_the_project(team: Team) -> None:
    team.create_task(tags=["Garden"])

    task = team.create_task(by=team.editor, tags=["GARDEN"])

    assert task["tags"] == ["Garden"]


def test_external_ids_are_unique_in_a_project(team: Team) -> None:
    first = team.create_task(external_id="a")
    team.editor.create_task(external_id="a")

    again = {"title": "B", "external_id": "a", "project_id": team.project_id}
    problem = assert_problem(team.editor.post("tasks", again), 409, "already-exists")

    assert problem["existing_id"] == first["id"]


def test_parents_are_tasks_of_the_project(team: Team) -> None:
    own = team.owner.create_task()
    shared = team.create_task()

    response = team.owner.patch(f"tasks/{shared['id']}", {"parent_id": own["id"]})

    assert field_errors(response) == {"#/parent_id": "not-found"}


def test_search_with_many_words_covers_all_projects(team: Team) -> None:
    team.editor.create_task(title="one two three")
    team.create_task(title="one two four")

    assert len(titles(team.editor, "q=one two")) == 2
    assert titles(team.editor, "q=two four") == ["one two four"]
    assert titles(team.editor, "q=three four") == []


def test_export_covers_all_projects(team: Team) -> None:
    team.editor.create_task(title="Own")
    team.create_task(title="Shared")

    every = team.editor.get("users/me/export").text
    one = team.editor.get(f"users/me/export?project_id={team.project_id}").text

    assert ("Own" in every, "Shared" in every) == (True, True)
    assert ("Own" in one, "Shared" in one) == (False, True)
    assert f'"project_id":{team.project_id}' in one.replace(" ", "")
    hidden = team.outsider.get(f"users/me/export?project_id={team.project_id}")
    assert_problem(hidden, 404, "not-found")


def test_import_into_a_project_requires_an_editor(team: Team) -> None:
    path = f"users/me/import?project_id={team.project_id}"
    file = {
        "data": '{"title": "A", "project_id": 5}',
        "content_type": "application/x-ndjson",
    }

    assert_problem(team.viewer.call("POST", path, **file), 403, "role-required")
    assert_problem(team.outsider.call("POST", path, **file), 404, "not-found")
    assert team.editor.call("POST", path, **file).json["created"] == 1
    assert titles(team.viewer) == ["A"]


@pytest.mark.parametrize("project_id", [0, 999])
def test_import_and_export_of_an_unknown_project_are_not_found(
    team: Team, project_id: int
) -> None:
    query = f"?project_id={project_id}"
    file = {"data": '{"title": "A"}', "content_type": "application/x-ndjson"}

    imported = team.owner.call("POST", f"users/me/import{query}", **file)
    exported = team.owner.get(f"users/me/export{query}")

    assert_problem(imported, 404, "not-found")
    assert_problem(exported, 404, "not-found")
