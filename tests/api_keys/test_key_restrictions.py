"""Keys that reach one project: in every operation, also next to a session token."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api_keys.clients import KeyClient, key_client
from tests.helpers.accounts import Accounts
from tests.helpers.callers import (
    NO_SCOPE,
    OK,
    SESSION_REQUIRED,
    call_operation,
    outcome,
)
from tests.helpers.client import Client, assert_problem, field_errors
from tests.permissions import ACCESS, PRIVATE, Kind
from tests.projects.support import create_project, restricted_key, with_session

Restrict = Callable[[Client, int], KeyClient]
IN_PROJECT = ("{project_id}", "{task_id}", "DELETE /api/v1/invitations/")
LOGOUT = "POST /api/v1/auth/logout"
REPLAY = {"Idempotency-Key": "5b2f-11"}


def with_token(owner: Client, project_id: int) -> KeyClient:
    return with_session(restricted_key(owner, project_id), owner)


both_ways = pytest.mark.parametrize("restrict", [restricted_key, with_token])


def expected(operation: str, restrict: Restrict) -> str:
    """Return the result of an operation on resources of another project."""
    access = ACCESS[operation]
    if access.kind is Kind.SESSION and restrict is restricted_key:
        return SESSION_REQUIRED
    if access.kind is Kind.ADMIN or (access.scope or "tasks:").startswith("account:"):
        return NO_SCOPE
    if any(name in operation for name in IN_PROJECT):
        return "not-found"
    return SESSION_REQUIRED if access.kind is Kind.SESSION else OK


@both_ways
def test_restricted_key_has_no_effect_on_other_projects_and_the_account(
    ann: Client, restrict: Restrict
) -> None:
    operations = [name for name in PRIVATE if name != LOGOUT]
    owned = Accounts(ann).owned(*operations)
    key = restrict(ann, create_project(ann)["id"])

    found = {name: outcome(call_operation(key, name, owned)) for name in operations}

    assert found == {name: expected(name, restrict) for name in operations}


def test_session_can_be_ended_with_a_restricted_key(ann: Client) -> None:
    response = with_token(ann, ann.project_id).post("auth/logout")

    assert response.status_code == 204


@both_ways
def test_restricted_key_lists_one_project(ann: Client, restrict: Restrict) -> None:
    garden = create_project(ann)["id"]
    own = ann.create_task(title="Sow", tags=["in"], project_id=garden)
    hidden = ann.create_task(title="Sow", tags=["out"])
    ann.delete(f"tasks/{ann.create_task()['id']}")
    key = restrict(ann, garden)

    lists = ("tasks", "tasks?q=sow", f"tasks?ids={own['id']},{hidden['id']}")
    for path in (*lists, f"tasks?project_id={garden}"):
        assert [one["id"] for one in key.get(path).json["items"]] == [own["id"]]
    empty = ("deleted=true", "tag=out", "project_id=personal", "parent_id=none&q=out")
    for query in empty:
        assert key.get(f"tasks?{query}&include_total=true").json["total"] == 0
    assert [tag["name"] for tag in key.get("tags").json["items"]] == ["in"]
    assert key.get("tasks/stats").json["total"] == 1
    assert key.get("tasks/stats?project_id=personal").json["total"] == 0
    exported = key.get("users/me/export").text
    assert exported.count("\n") == 1
    for project_id in ("personal", ann.project_id):
        response = key.get(f"users/me/export?project_id={project_id}")
        assert_problem(response, 404, "not-found")


@both_ways
def test_cursor_of_another_key_lists_one_project(
    ann: Client, restrict: Restrict
) -> None:
    for _ in range(3):
        ann.create_task()
    cursor = ann.get("tasks?limit=1").json["next_cursor"]
    key = restrict(ann, create_project(ann)["id"])

    response = key.get(f"tasks?limit=1&cursor={cursor}")

    assert response.status_code == 200, response.text
    assert response.json["items"] == []


@both_ways
def test_restricted_key_creates_tasks_in_its_project(
    ann: Client, restrict: Restrict
) -> None:
    garden, parent = create_project(ann)["id"], ann.create_task()["id"]
    key = restrict(ann, garden)

    made = [
        key.create_task(),
        key.create_task(project_id=garden, subtasks=[{"title": "Boil"}]),
        *key.post("tasks/bulk", {"create": [{"title": "Tea"}]}).json["created"],
    ]
    csv = {"data": "title\r\nTea\r\n", "headers": {"Content-Type": "text/csv"}}
    imported = key.call("POST", "users/me/import", **csv)

    assert [task["project_id"] for task in made] == [garden] * 3
    assert imported.json["created"] == 1
    assert len(ann.get(f"tasks?project_id={garden}").json["items"]) == 5
    for fields, pointer in (
        ({"project_id": ann.project_id}, "#/project_id"),
        ({"parent_id": parent}, "#/parent_id"),
    ):
        response = key.post("tasks", {"title": "Tea"} | fields)
        assert field_errors(response) == {pointer: "not-found"}
        response = key.post("tasks/bulk", {"create": [{"title": "Tea"} | fields]})
        assert field_errors(response) == {
            pointer.replace("#", "#/create/0"): "not-found"
        }
    response = key.call("POST", "users/me/import?project_id=personal", **csv)
    assert_problem(response, 404, "not-found")


@both_ways
def test_restricted_key_moves_no_task_in_either_direction(
    ann: Client, restrict: Restrict
) -> None:
    garden = create_project(ann)["id"]
    inside, outside = ann.create_task(project_id=garden), ann.create_task()
    key = restrict(ann, garden)

    out = key.patch(f"tasks/{inside['id']}", {"project_id": ann.project_id})
    into = key.patch(f"tasks/{outside['id']}", {"project_id": garden})
    change = {"id": inside["id"], "project_id": ann.project_id}
    bulk = key.post("tasks/bulk", {"update": [change]})

    assert field_errors(out) == {"#/project_id": "not-found"}
    assert_problem(into, 404, "not-found")
    assert field_errors(bulk) == {"#/update/0/project_id": "not-found"}
    for task in (inside, outside):
        assert ann.get(f"tasks/{task['id']}").json == task


REQUESTS: dict[str, tuple[str, str, Any]] = {
    "create": ("POST", "tasks", {"title": "Tea"}),
    "update": ("PATCH", "tasks/{id}", {"title": "Tea"}),
    "bulk": ("POST", "tasks/bulk", {"create": [{"title": "Tea"}]}),
}


@both_ways
@pytest.mark.parametrize(("method", "path", "body"), REQUESTS.values(), ids=REQUESTS)
def test_restricted_key_replays_no_response_to_other_credentials(
    ann: Client, restrict: Restrict, method: str, path: str, body: Any
) -> None:
    address = path.format(id=ann.create_task()["id"])
    keys = [key_client(ann), restrict(ann, create_project(ann)["id"])]
    senders = [ann, keys[0], keys[1], restrict(ann, ann.project_id)]

    responses = [
        sender.call(method, address, json=body, headers=REPLAY) for sender in senders
    ]

    replayed = ["Idempotency-Replayed" in one.headers for one in responses]
    assert replayed == [False, True, False, False]
    repeated = senders[3].call(method, address, json=body, headers=REPLAY)
    assert repeated.headers["Idempotency-Replayed"] == "true"
    assert repeated.json == responses[3].json


def test_revocation_of_an_invitation_can_be_repeated(ann: Client) -> None:
    project = create_project(ann)
    invitation = ann.post(f"projects/{project['id']}/invitations", {}).json
    path = f"invitations/{invitation['id']}"

    responses = [ann.delete(path, headers=REPLAY) for _ in range(2)]

    assert [one.status_code for one in responses] == [204, 204]
    assert_problem(ann.delete(path), 404, "not-found")
