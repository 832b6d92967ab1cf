"""Changes of projects, and the roles that they require."""

from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem, field_errors
from tests.projects.support import add_member, create_project

WRITES: list[tuple[str, str, Any]] = [
    ("PATCH", "", {"name": "Field"}),
    ("PUT", "", {"name": "Field"}),
    ("DELETE", "", None),
    ("DELETE", "?permanent=true", None),
    ("POST", "/restore", None),
]


def call(client: Client, project: dict[str, Any], write: tuple[str, str, Any]) -> Any:
    method, path, body = write
    return client.call(method, f"projects/{project['id']}{path}", json=body)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_owner_renames_a_project(ann: Client, method: str) -> None:
    project = create_project(ann)
    path = f"projects/{project['id']}"

    response = ann.call(method, path, json={"name": "Field"})

    assert response.status_code == 200
    assert response.headers["ETag"] == '"2"'
    changed = {"name": "Field", "version": 2, "updated_at": response.json["updated_at"]}
    assert response.json == project | changed
    assert ann.get(path).json == response.json


def test_second_owner_renames_a_project(ann: Client, bob: Client) -> None:
    project = create_project(ann)
    add_member(project, bob, "owner")

    response = bob.patch(f"projects/{project['id']}", {"name": "Field"})

    assert (response.json["name"], response.json["member_count"]) == ("Field", 2)


def test_personal_project_can_be_renamed(ann: Client) -> None:
    response = ann.patch(f"projects/{ann.project_id}", {"name": "Mine"})

    assert (response.json["name"], response.json["is_personal"]) == ("Mine", True)


@pytest.mark.parametrize("changes", [{}, {"name": "Garden"}])
def test_change_without_effect_keeps_the_version(
    ann: Client, changes: dict[str, str]
) -> None:
    project = create_project(ann)

    response = ann.patch(f"projects/{project['id']}", changes)

    assert response.json == project


def test_project_can_be_sent_back_as_read(ann: Client) -> None:
    project = create_project(ann)

    response = ann.put(f"projects/{project['id']}", project | {"name": "Field"})

    assert response.json["version"] == 2


def test_other_read_only_value_is_rejected(ann: Client) -> None:
    project = create_project(ann)
    body = {"is_personal": True, "member_count": 2, "role": "viewer"}

    response = ann.patch(f"projects/{project['id']}", body)

    assert set(field_errors(response).values()) == {"read-only"}


@pytest.mark.parametrize("write", WRITES[:4])
def test_write_of_another_version_is_rejected(ann: Client, write: Any) -> None:
    project = create_project(ann)
    method, path, body = write
    url = f"projects/{project['id']}{path}"

    response = ann.call(method, url, json=body, headers={"If-Match": '"2"'})

    problem = assert_problem(response, 412, "precondition-failed")
    assert problem["current_version"] == 1
    assert ann.get(f"projects/{project['id']}").json == project


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_write_requires_an_owner(
    ann: Client, bob: Client, role: str, write: Any
) -> None:
    project = create_project(ann)
    add_member(project, bob, role)

    problem = assert_problem(call(bob, project, write), 403, "role-required")

    assert problem["required_role"] == "owner"
    assert ann.get(f"projects/{project['id']}").json == project | {"member_count": 2}


@pytest.mark.parametrize("write", WRITES)
def test_write_to_a_project_of_others_is_not_found(
    ann: Client, bob: Client, write: Any
) -> None:
    project = create_project(ann)

    assert_problem(call(bob, project, write), 404, "not-found")

    assert ann.get(f"projects/{project['id']}").json == project


@pytest.mark.parametrize("path", ["", "?permanent=true"])
def test_personal_project_cannot_be_deleted(ann: Client, path: str) -> None:
    response = ann.delete(f"projects/{ann.project_id}{path}")

    assert_problem(response, 409, "personal-project")


def test_rejected_write_is_four_statements(
    ann: Client, bob: Client, statements: list[str]
) -> None:
    project = create_project(ann)
    add_member(project, bob, "viewer")
    statements.clear()

    bob.patch(f"projects/{project['id']}", {"name": "Field"})

    assert len(statements) == 4  # caller, update, the row as it is, role
