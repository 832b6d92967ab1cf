"""Creation of API keys that reach one project."""

from functools import partial

import pytest

from tests.api_keys.clients import create_key, without_times
from tests.helpers.cli import run
from tests.helpers.client import Client, assert_problem, field_errors
from tests.helpers.concurrency import run_concurrently
from tests.projects.support import add_member, create_project

ROUNDS = [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 50))]


@pytest.mark.parametrize("role", ["viewer", "editor", "owner"])
def test_member_restricts_a_key_to_a_project(
    ann: Client, bob: Client, role: str
) -> None:
    project = create_project(ann)
    add_member(project, bob, role)

    key = create_key(bob, project_id=project["id"])

    assert key["project_id"] == project["id"]
    assert key["scopes"] == ["tasks:read", "tasks:write"]
    assert bob.get(f"api-keys/{key['id']}").json == without_api_key(key)
    assert bob.get("api-keys").json["items"] == [without_api_key(key)]


def without_api_key(key: dict[str, object]) -> dict[str, object]:
    return without_times(key) | {"last_used_at": None}


def test_key_can_be_restricted_to_the_personal_project(ann: Client) -> None:
    key = create_key(ann, project_id=ann.project_id)

    assert key["project_id"] == ann.project_id


@pytest.mark.parametrize("fields", [{}, {"project_id": None}])
def test_key_is_not_restricted_by_default(ann: Client, fields: dict[str, None]) -> None:
    key = create_key(ann, **fields)

    assert key["project_id"] is None


def test_invisible_project_is_rejected_like_an_unknown_one(
    ann: Client, bob: Client
) -> None:
    deleted, foreign, left = (create_project(by) for by in (ann, bob, bob))
    add_member(left, ann)
    ann.delete(f"projects/{deleted['id']}")
    ann.delete(f"projects/{left['id']}/members/{ann.user['id']}")

    for project_id in (deleted["id"], foreign["id"], left["id"], 7, bob.project_id):
        response = ann.post("api-keys", {"name": "n", "project_id": project_id})
        assert field_errors(response) == {"#/project_id": "not-found"}

    assert ann.get("api-keys").json["items"] == []


def test_restriction_cannot_be_changed(ann: Client) -> None:
    key = create_key(ann, project_id=ann.project_id)
    path = f"api-keys/{key['id']}"

    for project_id in (None, create_project(ann)["id"]):
        response = ann.patch(path, {"project_id": project_id})
        assert field_errors(response) == {"#/project_id": "read-only"}

    assert ann.patch(path, {"project_id": ann.project_id}).status_code == 200
    assert ann.get(path).json["project_id"] == ann.project_id


@pytest.mark.parametrize("attempt", ROUNDS)
def test_key_is_not_created_during_the_removal_of_the_member(
    ann: Client, bob: Client, attempt: int
) -> None:
    project = create_project(ann)
    add_member(project, bob)
    fields = {"name": "n", "project_id": project["id"]}

    removed, created = run_concurrently(
        partial(ann.delete, f"projects/{project['id']}/members/{bob.user['id']}"),
        partial(bob.post, "api-keys", fields),
    )

    assert removed.status_code == 204
    assert created.status_code in {201, 422}
    assert bob.get("api-keys").json["items"] == []


def test_creation_of_a_restricted_key_runs_as_many_statements(
    ann: Client, statements: list[str]
) -> None:
    create_key(ann)
    unrestricted = len(statements)

    create_key(ann, project_id=ann.project_id)

    assert len(statements) == 2 * unrestricted


def test_command_creates_and_lists_restricted_keys(ann: Client) -> None:
    login, project_id = ann.user["email"], str(ann.project_id)
    run(ann.app, "api-keys", "create", login, "--name", "all")

    run(ann.app, "api-keys", "create", login, "--name", "one", "--project", project_id)

    listed = run(ann.app, "api-keys", "list", login)
    assert [line.split()[-2:] for line in listed.splitlines()] == [
        ["PROJECT", "NAME"],
        ["all", "all"],
        [project_id, "one"],
    ]
    keys = ann.get("api-keys").json["items"]
    assert [key["project_id"] for key in keys] == [ann.project_id, None]


def test_command_rejects_a_project_of_another_account(ann: Client, bob: Client) -> None:
    options = ("--name", "n", "--project", str(bob.project_id))

    with pytest.raises(AssertionError, match=r"You have no project with this id\."):
        run(ann.app, "api-keys", "create", ann.user["email"], *options)

    assert ann.get("api-keys").json["items"] == []


def test_deletion_of_a_project_revokes_its_keys(ann: Client) -> None:
    project = create_project(ann)
    create_key(ann, project_id=project["id"])

    ann.delete(f"projects/{project['id']}?permanent=true")
    run(ann.app, "purge")

    assert ann.get("api-keys").json["items"] == []
    assert_problem(ann.get(f"projects/{project['id']}"), 404, "not-found")
