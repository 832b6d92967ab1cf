"""Changes by administrators apply to the next request."""

from typing import Any

import pytest

from tests.api_keys.clients import key_client
from tests.helpers.cli import run
from tests.helpers.client import (
    PASSWORD,
    Client,
    another_session,
    assert_problem,
    field_errors,
)
from tests.helpers.concurrency import meeting, run_concurrently

ROUNDS = 4
INVALID: dict[str, tuple[Any, dict[str, str]]] = {
    "role-unknown": ({"role": "boss"}, {"#/role": "choice"}),
    "role-null": ({"role": None}, {"#/role": "null"}),
    "state-text": ({"is_active": "no"}, {"#/is_active": "type"}),
    "state-null": ({"is_active": None}, {"#/is_active": "null"}),
    "email": ({"email": "x@example.org"}, {"#/email": "read-only"}),
    "password": ({"password": PASSWORD}, {"#/password": "unknown"}),
    "version": ({"version": "1"}, {"#/version": "read-only"}),
}


def address(client: Client) -> str:
    return f"users/{client.user['id']}"


def promote(client: Client) -> Client:
    """Promote an account to administrator."""
    run(client.app, "users", "promote", f"{client.name}@example.org")
    return client


def test_promotion_applies_to_the_next_request(root: Client, ann: Client) -> None:
    before = ann.get("users")

    response = root.patch(address(ann), {"role": "admin"})

    assert (before.status_code, response.status_code) == (403, 200)
    assert (response.json["role"], response.json["version"]) == ("admin", 2)
    assert ann.get("users").status_code == 200


def test_demotion_applies_to_the_next_request(root: Client, ann: Client) -> None:
    promote(ann)

    response = root.patch(address(ann), {"role": "user"})

    assert response.json["role"] == "user"
    assert_problem(ann.get("users"), 403, "admin-required")
    assert ann.get("users/me").status_code == 200


def test_deactivation_ends_sessions_and_keys_at_once(root: Client, ann: Client) -> None:
    other, script = another_session(ann), key_client(ann)

    response = root.patch(address(ann), {"is_active": False})

    assert response.json["is_active"] is False
    assert_problem(ann.get("users/me"), 401, "session-revoked")
    assert_problem(other.get("users/me"), 401, "session-revoked")
    assert_problem(script.get("tasks"), 401, "api-key-invalid")


def test_reactivation_restores_no_session_and_no_key(root: Client, ann: Client) -> None:
    script = key_client(ann)
    refresh = {"refresh_token": ann.tokens["refresh_token"]}
    root.patch(address(ann), {"is_active": False})

    response = root.patch(address(ann), {"is_active": True})

    assert response.json["is_active"] is True
    assert_problem(ann.get("users/me"), 401, "session-revoked")
    assert_problem(script.get("tasks"), 401, "api-key-invalid")
    assert_problem(ann.post("auth/refresh", refresh), 401, "session-revoked")


def test_reactivated_account_keeps_its_tasks(root: Client, ann: Client) -> None:
    task = ann.create_task()
    root.patch(address(ann), {"is_active": False})

    root.patch(address(ann), {"is_active": True})

    ann.tokens = {}
    assert ann.log_in().get("tasks").json["items"] == [task]


def test_deletion_removes_all_data_of_the_account(root: Client, ann: Client) -> None:
    ann.create_task()
    script = key_client(ann)

    response = root.delete(address(ann))

    assert (response.status_code, response.data) == (204, b"")
    assert_problem(root.get(address(ann)), 404, "not-found")
    assert_problem(ann.get("users/me"), 401, "session-revoked")
    assert_problem(script.get("tasks"), 401, "api-key-invalid")


@pytest.mark.one_database
@pytest.mark.parametrize(("body", "expected"), INVALID.values(), ids=INVALID)
def test_invalid_change_changes_nothing(
    root: Client, ann: Client, body: Any, expected: dict[str, str]
) -> None:
    response = root.patch(address(ann), body)

    assert field_errors(response) == expected
    assert root.get(address(ann)).json == ann.user


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_stale_version_changes_nothing(root: Client, ann: Client, method: str) -> None:
    body = {"role": "admin"} if method == "PATCH" else None

    response = root.call(method, address(ann), json=body, headers={"If-Match": '"9"'})

    assert assert_problem(response, 412, "precondition-failed")["current_version"] == 1
    assert root.get(address(ann)).json == ann.user


def test_stale_deactivation_ends_no_session(root: Client, ann: Client) -> None:
    stale = {"If-Match": '"9"'}

    response = root.patch(address(ann), {"is_active": False}, headers=stale)

    assert_problem(response, 412, "precondition-failed")
    assert ann.get("users/me").json == ann.user


def test_change_without_effect_keeps_the_version(root: Client, ann: Client) -> None:
    response = root.patch(address(ann), {"role": "user", "is_active": True})

    assert (response.status_code, response.json) == (200, ann.user)


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("PATCH", {"role": "user"}),
        ("PATCH", {"is_active": False}),
        ("DELETE", None),
    ],
    ids=["demoted", "deactivated", "deleted"],
)
def test_last_admin_cannot_be_removed(
    root: Client, ann: Client, method: str, body: Any
) -> None:
    response = root.call(method, address(root), json=body)

    assert_problem(response, 409, "last-admin")
    assert root.get("users/me").json == root.user


def test_deactivated_admin_does_not_count(root: Client, ann: Client) -> None:
    promote(ann)
    root.patch(address(ann), {"is_active": False})

    response = root.patch(address(root), {"role": "user"})

    assert_problem(response, 409, "last-admin")


def test_one_of_two_admins_can_be_removed(root: Client, ann: Client) -> None:
    promote(ann)

    response = root.patch(address(root), {"role": "user"})

    assert response.status_code == 200
    assert ann.get("users?role=admin").json["items"][0]["id"] == ann.user["id"]


@pytest.mark.parametrize("attempt", range(ROUNDS))
@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("PATCH", {"role": "user"}),
        ("PATCH", {"is_active": False}),
        ("DELETE", None),
    ],
    ids=["demote", "deactivate", "delete"],
)
def test_concurrent_removals_of_two_admins_leave_one(
    root: Client, ann: Client, method: str, body: Any, attempt: int
) -> None:
    promote(ann)

    with meeting(root.app, "SELECT users.id"):
        responses = run_concurrently(
            lambda: root.call(method, address(ann), json=body),
            lambda: ann.call(method, address(root), json=body),
        )

    statuses = sorted(response.status_code for response in responses)
    assert statuses[0] in {200, 204}
    assert statuses[1] in {401, 403, 404, 409}
    assert run(root.app, "users", "list").count("admin  active") == 1
