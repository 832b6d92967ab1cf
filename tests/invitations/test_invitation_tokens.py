"""Invitations with a token, which any account can accept."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem, field_errors
from tests.invitations.conftest import Invite
from tests.invitations.support import (
    another,
    expire,
    leave,
    members,
    received,
    role_of,
    sent,
    verified,
)
from tests.projects.support import add_member

ACCEPT = "invitations/accept"


@pytest.mark.parametrize("role", ["viewer", "owner"])
def test_token_makes_a_member(
    ann: Client, bob: Client, project: dict[str, Any], invite: Invite, role: str
) -> None:
    invitation = invite(role=role)

    response = bob.post(ACCEPT, {"token": invitation["token"]})

    assert response.status_code == 200
    assert response.json == project | {"role": role, "member_count": 2}
    assert sent(ann, project) == []


def test_acceptance_of_token_is_nine_statements(
    bob: Client, invite: Invite, statements: list[str]
) -> None:
    invitation = invite()
    statements.clear()

    response = bob.post(ACCEPT, {"token": invitation["token"]})

    assert response.status_code == 200
    assert len(statements) == 9


def test_acceptance_locks_the_project_before_the_account(
    bob: Client, invite: Invite, statements: list[str]
) -> None:
    invitation = invite()
    statements.clear()

    bob.post(ACCEPT, {"token": invitation["token"]})

    # as writes of tasks do, which lock the project and then count the tasks
    locked = [s.split()[1] for s in statements if is_lock(s)]
    assert locked == ["projects.id", "users.id"]


def is_lock(statement: str) -> bool:
    return statement.startswith(
        ("SELECT projects.id \nFROM projects", "SELECT users.id \nFROM users")
    )


def test_acceptance_deletes_invitations_addressed_to_the_account(
    ann: Client, bob: Client, project: dict[str, Any], invite: Invite
) -> None:
    verified(bob)
    remaining = [invite()["id"], invite(username="carl")["id"]]
    for address in ({"username": "bob"}, {"email": "bob@example.org"}):
        invite(**address)

    bob.post(ACCEPT, {"token": invite()["token"]})

    assert sent(ann, project) == remaining[::-1]
    assert received(bob) == []


def test_member_does_not_use_up_the_token(
    ann: Client, bob: Client, carl: Client, project: dict[str, Any], invite: Invite
) -> None:
    token = {"token": invite(role="owner")["token"]}
    add_member(project, bob, "viewer")

    response = bob.post(ACCEPT, token)

    assert (response.status_code, response.json["role"]) == (200, "viewer")
    assert carl.post(ACCEPT, token).json["role"] == "owner"


ENDS: dict[str, Callable[[Client, dict[str, Any]], object]] = {
    "unknown": lambda _, one: one.update(token="A" * 43),
    "digest": lambda _, one: one.update(token="0" * 64),
    "used": lambda owner, one: another(owner.app, "dora").post(ACCEPT, token_of(one)),
    "expired": lambda owner, one: expire(owner.app, one),
    "revoked": lambda owner, one: owner.delete(f"invitations/{one['id']}"),
    "deleted project": lambda owner, one: owner.delete(f"projects/{one['project_id']}"),
}


def token_of(invitation: dict[str, Any]) -> dict[str, Any]:
    return {"token": invitation["token"]}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_invalid_tokens_get_one_message(
    ann: Client,
    bob: Client,
    project: dict[str, Any],
    invite: Invite,
    end: Callable[[Client, dict[str, Any]], object],
) -> None:
    invitation = invite()
    end(ann, invitation)

    response = bob.post(ACCEPT, token_of(invitation))

    problem = assert_problem(response, 422, "validation-error")
    assert problem["errors"] == [
        {
            "pointer": "#/token",
            "code": "wrong",
            "message": "The token is invalid, expired or already used. "
            "Request a new one.",
        }
    ]
    assert bob.user["id"] not in members(ann.app, project)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"token": None}, "null"),
        ({"token": 7}, "type"),
        ({"token": ""}, "length"),
        ({"token": "A" * 101}, "length"),
        ({"token": "a\u0000b"}, "characters"),
    ],
)
def test_malformed_token_is_rejected(
    bob: Client, body: dict[str, Any], code: str
) -> None:
    assert field_errors(bob.post(ACCEPT, body)) == {"#/token": code}


def test_used_token_does_not_bring_back_a_former_member(
    bob: Client, project: dict[str, Any], invite: Invite
) -> None:
    token = {"token": invite()["token"]}
    bob.post(ACCEPT, token)
    leave(bob, project)

    response = bob.post(ACCEPT, token)

    assert field_errors(response) == {"#/token": "wrong"}
    assert role_of(bob, project) is None


def test_repeated_request_gets_stored_response(bob: Client, invite: Invite) -> None:
    token, key = {"token": invite()["token"]}, {"Idempotency-Key": "t-1"}

    first, second = (bob.post(ACCEPT, token, headers=key) for _ in range(2))

    assert second.headers["Idempotency-Replayed"] == "true"
    assert (first.status_code, first.data) == (second.status_code, second.data)
