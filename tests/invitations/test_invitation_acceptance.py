"""Invitations that are accepted or declined by the accounts they are addressed to."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api_keys.clients import key_client
from tests.helpers.client import Client, assert_problem
from tests.helpers.rows import store_user
from tests.helpers.sql import execute
from tests.invitations.conftest import Invite
from tests.invitations.support import (
    expire,
    fill_account,
    fill_project,
    leave,
    members,
    received,
    role_of,
    sent,
    stored,
    verified,
)
from tests.projects.support import add_member, create_project

KEY = {"Idempotency-Key": "a-1"}
ADDRESSES = [{"username": "bob"}, {"email": "bob@example.org"}]
REMOVE_ONE = """DELETE FROM memberships WHERE role = 1
    AND user_id + project_id = (
        SELECT max(user_id + project_id) FROM memberships WHERE role = 1)"""
by_address = pytest.mark.parametrize("address", ADDRESSES, ids=["username", "email"])


@by_address
@pytest.mark.parametrize("role", ["viewer", "owner"])
def test_accepted_invitation_makes_a_member(
    bob: Client,
    project: dict[str, Any],
    invite: Invite,
    address: dict[str, str],
    role: str,
) -> None:
    verified(bob)
    invitation = invite(**address, role=role)

    response = bob.post(f"invitations/{invitation['id']}/accept")

    assert response.status_code == 200
    assert response.json == project | {"role": role, "member_count": 2}
    assert response.json == bob.get(f"projects/{project['id']}").json
    assert stored(bob.app) == []


def test_acceptance_is_nine_statements(
    bob: Client, invite: Invite, statements: list[str]
) -> None:
    invitation = invite(username="bob")
    statements.clear()

    response = bob.post(f"invitations/{invitation['id']}/accept")

    assert response.status_code == 200
    assert len(statements) == 9


@pytest.mark.parametrize("action", ["accept", "decline"])
def test_invitation_of_other_account_looks_nonexistent(
    carl: Client, project: dict[str, Any], invite: Invite, action: str
) -> None:
    verified(carl)
    ids = [
        invite(username="dora")["id"],
        invite(email="bob@example.org")["id"],
        invite(email="dora@example.org")["id"],
        invite()["id"],
        2**60,
    ]

    responses = [carl.post(f"invitations/{one}/{action}") for one in ids]

    for response in responses:
        assert_problem(response, 404, "not-found")
    assert carl.user["id"] not in members(carl.app, project)
    assert len(stored(carl.app)) == 4


def test_unverified_email_accepts_nothing(bob: Client, invite: Invite) -> None:
    invitation = invite(email="bob@example.org")

    response = bob.post(f"invitations/{invitation['id']}/accept")

    assert_problem(response, 404, "not-found")


def test_email_that_was_changed_accepts_nothing(bob: Client, invite: Invite) -> None:
    verified(bob)
    invitation = invite(email="bob@example.org")
    store_user(bob, email="robert@example.org")

    response = bob.post(f"invitations/{invitation['id']}/accept")

    assert_problem(response, 404, "not-found")


def test_acceptance_deletes_other_invitations_to_the_account(
    ann: Client, bob: Client, carl: Client, project: dict[str, Any], invite: Invite
) -> None:
    verified(bob)
    field = create_project(ann, "Field")
    elsewhere = ann.post(f"projects/{field['id']}/invitations", {"username": "bob"})
    others = [invite()["id"], invite(username="carl")["id"]]
    invite(email="bob@example.org", role="owner")
    accepted = invite(username="bob", role="viewer")

    bob.post(f"invitations/{accepted['id']}/accept")

    assert role_of(bob, project) == "viewer"
    assert sent(ann, project) == others[::-1]
    assert received(bob) == [elsewhere.json["id"]]


def test_member_keeps_the_role_and_the_invitation(
    ann: Client, bob: Client, project: dict[str, Any], invite: Invite
) -> None:
    verified(bob)
    invitation = invite(email="bob@example.org", role="owner")
    add_member(project, bob, "viewer")

    response = bob.post(f"invitations/{invitation['id']}/accept")

    assert (response.status_code, response.json["role"]) == (200, "viewer")
    assert sent(ann, project) == [invitation["id"]]


ENDS: dict[str, Callable[[Client, Client, int], object]] = {
    "accepted": lambda _, invitee, one: invitee.post(f"invitations/{one}/accept"),
    "declined": lambda _, invitee, one: invitee.post(f"invitations/{one}/decline"),
    "revoked": lambda owner, _, one: owner.delete(f"invitations/{one}"),
    "expired": lambda owner, _, one: expire(owner.app, {"id": one}),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_invitation_works_once(
    ann: Client,
    bob: Client,
    project: dict[str, Any],
    invite: Invite,
    end: Callable[[Client, Client, int], object],
) -> None:
    number = invite(username="bob")["id"]
    end(ann, bob, number)
    leave(bob, project)

    actions = ("accept", "decline")
    responses = [bob.post(f"invitations/{number}/{action}") for action in actions]

    for response in responses:
        assert_problem(response, 404, "not-found")
    assert members(ann.app, project) == [ann.user["id"]]


def test_removed_member_does_not_return_by_earlier_invitations(
    ann: Client, bob: Client, project: dict[str, Any], invite: Invite
) -> None:
    verified(bob)
    token = {"token": invite()["token"]}
    bob.post("invitations/accept", token)
    number = invite(email="bob@example.org")["id"]
    ann.delete(f"projects/{project['id']}/members/{bob.user['id']}")

    responses = [
        bob.post("invitations/accept", token),
        bob.post(f"invitations/{number}/accept"),
    ]

    assert [one.status_code for one in responses] == [422, 404]
    assert role_of(bob, project) is None


def test_declined_invitation_is_deleted(
    ann: Client, bob: Client, project: dict[str, Any], invite: Invite
) -> None:
    invitation = invite(username="bob")

    response = bob.post(f"invitations/{invitation['id']}/decline")

    assert response.status_code == 204
    assert (received(bob), sent(ann, project)) == ([], [])
    assert role_of(bob, project) is None


def test_declined_address_can_be_invited_again(bob: Client, invite: Invite) -> None:
    bob.post(f"invitations/{invite(username='bob')['id']}/decline")

    again = invite(username="bob")

    assert received(bob) == [again["id"]]


@pytest.mark.parametrize(("fill", "limit"), [(fill_account, 200), (fill_project, 100)])
def test_limits_of_memberships_are_not_exceeded(
    bob: Client,
    project: dict[str, Any],
    invite: Invite,
    fill: Callable[..., None],
    limit: int,
) -> None:
    invitation = invite(username="bob")
    path = f"invitations/{invitation['id']}/accept"
    fill(bob, project, limit)

    rejected = bob.post(path)
    execute(bob.app, REMOVE_ONE)
    accepted = bob.post(path)

    assert assert_problem(rejected, 409, "limit-reached")["limit"] == limit
    assert accepted.status_code == 200


@pytest.mark.parametrize("action", ["accept", "decline"])
def test_repeated_request_gets_stored_response(
    bob: Client, invite: Invite, action: str
) -> None:
    path = f"invitations/{invite(username='bob')['id']}/{action}"

    first, second = (bob.post(path, headers=KEY) for _ in range(2))

    assert second.headers["Idempotency-Replayed"] == "true"
    assert (first.status_code, first.data) == (second.status_code, second.data)


@pytest.mark.one_database
def test_api_keys_are_not_accepted(
    ann: Client, bob: Client, project: dict[str, Any], invite: Invite
) -> None:
    script = key_client(bob, "tasks:write", "account:write")
    invitation = invite(username="bob")
    requests = [
        ("GET", f"projects/{project['id']}/invitations"),
        ("POST", f"projects/{project['id']}/invitations"),
        ("DELETE", f"invitations/{invitation['id']}"),
        ("GET", "invitations"),
        ("POST", f"invitations/{invitation['id']}/accept"),
        ("POST", f"invitations/{invitation['id']}/decline"),
        ("POST", "invitations/accept"),
    ]

    responses = [script.call(method, path) for method, path in requests]

    for response in responses:
        assert_problem(response, 403, "session-required")
