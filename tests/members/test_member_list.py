"""List of the members of a project."""

from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem
from tests.projects.support import add_member, create_project, restricted_key


@pytest.fixture
def project(ann: Client, bob: Client) -> dict[str, Any]:
    """Return a project of Ann in which Bob is a viewer."""
    created = create_project(ann)
    add_member(created, bob, "viewer")
    return created


def test_members_are_listed_by_account(
    ann: Client, bob: Client, project: dict[str, Any]
) -> None:
    ann.patch("users/me", {"username": "ann", "full_name": "Ann Lee"})

    listed = bob.get(f"projects/{project['id']}/members?include_total=true").json

    first, second = listed["items"]
    assert listed["total"] == 2
    assert first == {
        "user_id": ann.user["id"],
        "username": "ann",
        "full_name": "Ann Lee",
        "role": "owner",
        "joined_at": first["joined_at"],
    }
    assert (second["user_id"], second["role"]) == (bob.user["id"], "viewer")
    assert (second["username"], second["full_name"]) == (None, None)


def test_pages_of_members_follow_each_other(
    ann: Client, bob: Client, project: dict[str, Any]
) -> None:
    path = f"projects/{project['id']}/members?limit=1"

    first = ann.get(path).json
    second = ann.get(f"{path}&cursor={first['next_cursor']}").json

    ids = [one["user_id"] for one in first["items"] + second["items"]]
    assert ids == [ann.user["id"], bob.user["id"]]
    assert second["next_cursor"] is None


def test_empty_page_of_members_is_not_an_error(
    ann: Client, project: dict[str, Any]
) -> None:
    response = ann.get(f"projects/{project['id']}/members?offset=9")

    assert response.json["items"] == []


def test_personal_project_has_one_member(ann: Client) -> None:
    listed = ann.get(f"projects/{ann.project_id}/members").json

    (member,) = listed["items"]
    assert (member["user_id"], member["role"]) == (ann.user["id"], "owner")


@pytest.mark.parametrize("query", ["", "?offset=9", "?include_total=true"])
def test_members_of_an_invisible_project_are_not_found(
    ann: Client, bob: Client, query: str
) -> None:
    project = create_project(ann)
    deleted = create_project(bob)
    bob.delete(f"projects/{deleted['id']}")

    for hidden in (project["id"], deleted["id"], 2**60):
        response = bob.get(f"projects/{hidden}/members{query}")
        assert_problem(response, 404, "not-found")


def test_restricted_key_lists_members_of_its_project(
    ann: Client, project: dict[str, Any]
) -> None:
    key = restricted_key(ann, project["id"])

    listed = key.get(f"projects/{project['id']}/members").json

    assert len(listed["items"]) == 2
    assert_problem(key.get(f"projects/{ann.project_id}/members"), 404, "not-found")


def test_list_of_members_is_two_statements(
    ann: Client, project: dict[str, Any], statements: list[str]
) -> None:
    statements.clear()

    ann.get(f"projects/{project['id']}/members")

    assert len(statements) == 2
