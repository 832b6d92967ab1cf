"""Keys that reach one project, alone and next to a session token."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api_keys.clients import KeyClient
from tests.helpers.client import Client, assert_problem
from tests.projects.support import create_project, restricted_key, with_session

Restrict = Callable[[Client, int], KeyClient]


def with_token(owner: Client, project_id: int) -> KeyClient:
    return with_session(restricted_key(owner, project_id), owner)


@pytest.mark.parametrize("restrict", [restricted_key, with_token])
def test_restricted_key_sees_one_project(ann: Client, restrict: Restrict) -> None:
    garden, other = create_project(ann), create_project(ann)
    key = restrict(ann, garden["id"])

    listed = key.get("projects?include_total=true").json

    assert (listed["items"], listed["total"]) == ([garden], 1)
    assert key.get(f"projects/{garden['id']}").json == garden
    for hidden in (other["id"], ann.project_id):
        assert_problem(key.get(f"projects/{hidden}"), 404, "not-found")


def test_restricted_key_changes_no_other_project(ann: Client) -> None:
    garden, other = create_project(ann), create_project(ann)
    ann.delete(f"projects/{other['id']}")
    key = with_token(ann, garden["id"])
    path = f"projects/{other['id']}"

    responses: list[Any] = [
        key.patch(path, {"name": "x"}),
        key.delete(f"{path}?permanent=true"),
        key.post(f"{path}/restore"),
        key.delete(f"projects/{ann.project_id}"),
    ]

    for response in responses:
        assert_problem(response, 404, "not-found")
    assert key.get("projects?deleted=true").json["items"] == []
    assert key.patch(f"projects/{garden['id']}", {"name": "x"}).status_code == 200


def test_restricted_key_creates_no_project(ann: Client) -> None:
    key = with_token(ann, ann.project_id)

    response = key.post("projects", {"name": "x"})

    assert_problem(response, 403, "session-required")
    assert len(ann.get("projects").json["items"]) == 1


def test_project_can_be_deleted_with_its_restricted_key(ann: Client) -> None:
    project = create_project(ann)
    key = with_token(ann, project["id"])

    response = key.delete(f"projects/{project['id']}?permanent=true")

    assert response.status_code == 204
