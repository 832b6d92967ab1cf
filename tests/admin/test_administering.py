"""What administrators change takes effect with the next request."""

from typing import Any

import pytest

from tests.backstage import another_session, at_once, meeting, run
from tests.keys.holding import holder
from tests.support import PASSWORD, Client, faults, refused

ROUNDS = 4
REFUSED: dict[str, tuple[Any, dict[str, str]]] = {
    "role-unknown": ({"role": "boss"}, {"#/role": "choice"}),
    "role-null": ({"role": None}, {"#/role": "null"}),
    "state-text": ({"is_active": "no"}, {"#/is_active": "type"}),
    "state-null": ({"is_active": None}, {"#/is_active": "null"}),
    "email": ({"email": "x@example.org"}, {"#/email": "read-only"}),
    "password": ({"password": PASSWORD}, {"#/password": "unknown"}),
    "version": ({"version": "1"}, {"#/version": "read-only"}),
}


def address(person: Client) -> str:
    return f"users/{person.user['id']}"


def promoted(person: Client) -> Client:
    """Make somebody an administrator."""
    run(person.app, "users", "promote", f"{person.name}@example.org")
    return person


def test_a_raised_role_counts_on_the_next_request(root: Client, ann: Client) -> None:
    before = ann.get("users")

    answer = root.patch(address(ann), {"role": "admin"})

    assert (before.status_code, answer.status_code) == (403, 200)
    assert (answer.json["role"], answer.json["version"]) == ("admin", 2)
    assert ann.get("users").status_code == 200


def test_a_lowered_role_counts_on_the_next_request(root: Client, ann: Client) -> None:
    promoted(ann)

    answer = root.patch(address(ann), {"role": "user"})

    assert answer.json["role"] == "user"
    refused(ann.get("users"), 403, "admin-required")
    assert ann.get("users/me").status_code == 200


def test_a_deactivation_ends_sessions_and_keys_at_once(
    root: Client, ann: Client
) -> None:
    other, script = another_session(ann), holder(ann)

    answer = root.patch(address(ann), {"is_active": False})

    assert answer.json["is_active"] is False
    refused(ann.get("users/me"), 401, "session-revoked")
    refused(other.get("users/me"), 401, "session-revoked")
    refused(script.get("tasks"), 401, "api-key-invalid")


def test_a_reactivation_brings_no_session_and_no_key_back(
    root: Client, ann: Client
) -> None:
    script = holder(ann)
    refresh = {"refresh_token": ann.tokens["refresh_token"]}
    root.patch(address(ann), {"is_active": False})

    answer = root.patch(address(ann), {"is_active": True})

    assert answer.json["is_active"] is True
    refused(ann.get("users/me"), 401, "session-revoked")
    refused(script.get("tasks"), 401, "api-key-invalid")
    refused(ann.post("auth/refresh", refresh), 401, "session-revoked")


def test_who_is_reactivated_finds_their_tasks(root: Client, ann: Client) -> None:
    task = ann.make_task()
    root.patch(address(ann), {"is_active": False})

    root.patch(address(ann), {"is_active": True})

    ann.tokens = {}
    assert ann.log_in().get("tasks").json["items"] == [task]


def test_a_deleted_account_is_gone_with_all_that_was_theirs(
    root: Client, ann: Client
) -> None:
    ann.make_task()
    script = holder(ann)

    answer = root.delete(address(ann))

    assert (answer.status_code, answer.data) == (204, b"")
    refused(root.get(address(ann)), 404, "not-found")
    refused(ann.get("users/me"), 401, "session-revoked")
    refused(script.get("tasks"), 401, "api-key-invalid")


@pytest.mark.parametrize(("body", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_change_that_cannot_be_changes_nothing(
    root: Client, ann: Client, body: Any, expected: dict[str, str]
) -> None:
    answer = root.patch(address(ann), body)

    assert faults(answer) == expected
    assert root.get(address(ann)).json == ann.user


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_stale_version_changes_nothing(
    root: Client, ann: Client, method: str
) -> None:
    body = {"role": "admin"} if method == "PATCH" else None

    answer = root.call(method, address(ann), json=body, headers={"If-Match": '"9"'})

    assert refused(answer, 412, "precondition-failed")["current_version"] == 1
    assert root.get(address(ann)).json == ann.user


def test_a_stale_deactivation_ends_no_session(root: Client, ann: Client) -> None:
    stale = {"If-Match": '"9"'}

    answer = root.patch(address(ann), {"is_active": False}, headers=stale)

    refused(answer, 412, "precondition-failed")
    assert ann.get("users/me").json == ann.user


def test_a_change_of_nothing_raises_no_version(root: Client, ann: Client) -> None:
    answer = root.patch(address(ann), {"role": "user", "is_active": True})

    assert (answer.status_code, answer.json) == (200, ann.user)


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("PATCH", {"role": "user"}),
        ("PATCH", {"is_active": False}),
        ("DELETE", None),
    ],
    ids=["lowered", "deactivated", "deleted"],
)
def test_the_last_admin_stays(
    root: Client, ann: Client, method: str, body: Any
) -> None:
    answer = root.call(method, address(root), json=body)

    refused(answer, 409, "last-admin")
    assert root.get("users/me").json == root.user


def test_a_closed_administrator_does_not_count_as_one(
    root: Client, ann: Client
) -> None:
    promoted(ann)
    root.patch(address(ann), {"is_active": False})

    answer = root.patch(address(root), {"role": "user"})

    refused(answer, 409, "last-admin")


def test_one_of_two_administrators_may_go(root: Client, ann: Client) -> None:
    promoted(ann)

    answer = root.patch(address(root), {"role": "user"})

    assert answer.status_code == 200
    assert ann.get("users?role=admin").json["items"][0]["id"] == ann.user["id"]


@pytest.mark.parametrize("attempt", range(ROUNDS))
@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("PATCH", {"role": "user"}),
        ("PATCH", {"is_active": False}),
        ("DELETE", None),
    ],
    ids=["lower", "deactivate", "delete"],
)
def test_one_of_two_administrators_who_remove_each_other_remains(
    root: Client, ann: Client, method: str, body: Any, attempt: int
) -> None:
    promoted(ann)

    with meeting(root.app, "SELECT users.id"):
        answers = at_once(
            lambda: root.call(method, address(ann), json=body),
            lambda: ann.call(method, address(root), json=body),
        )

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] in {200, 204}
    assert statuses[1] in {401, 403, 404, 409}
    assert run(root.app, "users", "list").count("admin  active") == 1
