"""Changes of the roles of members."""

from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem, field_errors
from tests.members.support import path
from tests.projects.support import add_member, create_project


@pytest.mark.parametrize("role", ["viewer", "editor", "owner"])
def test_owner_changes_the_role_of_a_member(
    ann: Client, bob: Client, project: dict[str, Any], role: str
) -> None:
    response = ann.patch(path(project, bob), {"role": role})

    assert response.status_code == 200
    assert (response.json["user_id"], response.json["role"]) == (bob.user["id"], role)
    assert bob.get(f"projects/{project['id']}").json["role"] == role


def test_owner_steps_down_if_another_owner_remains(
    ann: Client, bob: Client, project: dict[str, Any]
) -> None:
    ann.patch(path(project, bob), {"role": "owner"})

    response = ann.patch(path(project, ann), {"role": "viewer"})

    assert response.json["role"] == "viewer"
    problem = assert_problem(
        ann.patch(path(project, bob), {"role": "viewer"}), 403, "role-required"
    )
    assert problem["required_role"] == "owner"


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_last_owner_cannot_be_demoted(
    ann: Client, project: dict[str, Any], role: str
) -> None:
    response = ann.patch(path(project, ann), {"role": role})

    problem = assert_problem(response, 409, "last-owner")
    assert problem["project_ids"] == [project["id"]]


def test_last_owner_can_be_set_to_owner(ann: Client, project: dict[str, Any]) -> None:
    response = ann.patch(path(project, ann), {"role": "owner"})

    assert response.json["role"] == "owner"


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_change_of_a_role_requires_an_owner(
    ann: Client, bob: Client, role: str
) -> None:
    project = create_project(ann)
    add_member(project, bob, role)

    for target in (path(project, ann), path(project, bob), path(project, ann) + "0"):
        response = bob.patch(target, {"role": "owner"})
        assert_problem(response, 403, "role-required")


def test_change_of_a_role_in_a_project_of_others_is_not_found(
    ann: Client, bob: Client
) -> None:
    project = create_project(ann)

    response = bob.patch(path(project, ann), {"role": "viewer"})

    assert_problem(response, 404, "not-found")


def test_change_of_the_role_of_no_member_is_not_found(ann: Client, bob: Client) -> None:
    project = create_project(ann)

    response = ann.patch(path(project, bob), {"role": "viewer"})

    assert_problem(response, 404, "not-found")


@pytest.mark.parametrize("role", ["viewer", "owner"])
def test_role_in_the_personal_project_is_fixed(ann: Client, role: str) -> None:
    target = path({"id": ann.project_id}, ann)

    assert_problem(ann.patch(target, {"role": role}), 409, "personal-project")


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"#/role": "required"}),
        ({"role": "admin"}, {"#/role": "choice"}),
        ({"role": 3}, {"#/role": "type"}),
        ({"role": None}, {"#/role": "null"}),
        ({"role": "viewer", "user_id": 2**50}, {"#/user_id": "read-only"}),
        ({"role": "viewer", "name": "x"}, {"#/name": "unknown"}),
    ],
)
def test_invalid_role_is_rejected(
    ann: Client, project: dict[str, Any], body: Any, errors: dict[str, str]
) -> None:
    assert field_errors(ann.patch(path(project, ann), body)) == errors


def test_member_can_be_sent_back_as_read(
    ann: Client, bob: Client, project: dict[str, Any]
) -> None:
    member = ann.get(f"projects/{project['id']}/members").json["items"][1]

    response = ann.patch(path(project, bob), member | {"role": "owner"})

    assert response.json == member | {"role": "owner"}


def test_change_of_a_role_is_six_statements(
    ann: Client, bob: Client, project: dict[str, Any], statements: list[str]
) -> None:
    statements.clear()

    ann.patch(path(project, bob), {"role": "owner"})

    assert len(statements) == 6
