"""Creation of invitations."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem, field_errors
from tests.helpers.clock import days, later
from tests.helpers.rows import store_user
from tests.helpers.sql import execute
from tests.invitations.conftest import Invite
from tests.invitations.support import expire, sent, stored
from tests.projects.support import add_member

KEY = {"Idempotency-Key": "4c01"}
ADDRESSES = [{"username": "bob"}, {"email": "bob@example.org"}]


def lifetime(invitation: dict[str, Any]) -> timedelta:
    expires_at = datetime.fromisoformat(invitation["expires_at"])
    return expires_at - datetime.fromisoformat(invitation["created_at"])


@pytest.mark.parametrize("address", ADDRESSES, ids=["username", "email"])
def test_invitation_to_address_has_no_token(
    ann: Client, project: dict[str, Any], address: dict[str, str]
) -> None:
    response = ann.post(f"projects/{project['id']}/invitations", address)

    invitation = response.json
    assert response.status_code == 201
    assert invitation == {
        "id": invitation["id"],
        "project_id": project["id"],
        "role": "editor",
        "username": None,
        "email": None,
        "invited_by": ann.user["id"],
        "expires_at": invitation["expires_at"],
        "created_at": invitation["created_at"],
        **address,
    }
    assert abs(lifetime(invitation) - timedelta(days=7)) < timedelta(minutes=1)


def test_invitation_without_address_has_token(
    ann: Client, project: dict[str, Any]
) -> None:
    response = ann.post(f"projects/{project['id']}/invitations", {})

    token = response.json["token"]
    digest = hashlib.sha256(token.encode()).hexdigest()
    assert response.headers["Cache-Control"] == "no-store"
    assert stored(ann.app) == [(None, None, digest, None)]
    (listed,) = ann.get(f"projects/{project['id']}/invitations").json["items"]
    assert listed == {n: v for n, v in response.json.items() if n != "token"}


@pytest.mark.one_database
@pytest.mark.parametrize("role", ["viewer", "editor", "owner"])
def test_role_and_expiry_are_chosen(invite: Invite, role: str) -> None:
    invitation = invite(username="bob", role=role, expires_in_days=30)

    assert invitation["role"] == role
    assert abs(lifetime(invitation) - timedelta(days=30)) < timedelta(minutes=1)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (
            {"username": "bob", "email": "bob@example.org"},
            {"#/username": "conflict", "#/email": "conflict"},
        ),
        ({"role": "admin"}, {"#/role": "choice"}),
        ({"role": None}, {"#/role": "null"}),
        ({"expires_in_days": 0}, {"#/expires_in_days": "range"}),
        ({"expires_in_days": 31}, {"#/expires_in_days": "range"}),
        ({"expires_in_days": "7"}, {"#/expires_in_days": "type"}),
        ({"expires_in_days": True}, {"#/expires_in_days": "type"}),
        ({"username": None}, {"#/username": "null"}),
        ({"username": "deleted:7"}, {"#/username": "format"}),
        ({"email": "bob"}, {"#/email": "format"}),
        ({"user_id": 7}, {"#/user_id": "unknown"}),
        ({"token": "x"}, {"#/token": "unknown"}),
    ],
)
def test_invalid_invitation_is_rejected(
    ann: Client, project: dict[str, Any], body: dict[str, Any], errors: dict[str, str]
) -> None:
    response = ann.post(f"projects/{project['id']}/invitations", body)

    assert field_errors(response) == errors
    assert stored(ann.app) == []


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_member_without_role_cannot_invite(
    bob: Client, project: dict[str, Any], role: str
) -> None:
    add_member(project, bob, role)

    response = bob.post(f"projects/{project['id']}/invitations", {"username": "carl"})

    problem = assert_problem(response, 403, "role-required")
    assert problem["required_role"] == "owner"
    assert stored(bob.app) == []


def test_other_account_cannot_invite(bob: Client, project: dict[str, Any]) -> None:
    paths = [f"projects/{number}/invitations" for number in (project["id"], 2**60)]

    responses = [bob.post(path, {"username": "carl"}) for path in paths]

    for response in responses:
        assert_problem(response, 404, "not-found")


def test_invitation_to_deleted_project_is_rejected(
    ann: Client, project: dict[str, Any]
) -> None:
    ann.delete(f"projects/{project['id']}")

    response = ann.post(f"projects/{project['id']}/invitations", {"username": "bob"})

    assert_problem(response, 404, "not-found")


@pytest.mark.parametrize("address", [*ADDRESSES, {}], ids=["username", "email", "none"])
def test_invitation_to_personal_project_is_rejected(
    ann: Client, address: dict[str, str]
) -> None:
    response = ann.post(f"projects/{ann.project_id}/invitations", address)

    assert_problem(response, 409, "personal-project")
    assert stored(ann.app) == []


@pytest.mark.parametrize("address", ADDRESSES, ids=["username", "email"])
def test_address_is_invited_once(
    ann: Client, bob: Client, project: dict[str, Any], address: dict[str, str]
) -> None:
    ((field, value),) = address.items()
    path = f"projects/{project['id']}/invitations"
    first = ann.post(path, address).json

    response = ann.post(path, {field: value.upper(), "role": "owner"})

    assert assert_problem(response, 409, "already-exists")["field"] == field
    assert sent(ann, project) == [first["id"]]


@pytest.mark.parametrize("address", ADDRESSES, ids=["username", "email"])
def test_expired_invitation_is_replaced(
    ann: Client, project: dict[str, Any], invite: Invite, address: dict[str, str]
) -> None:
    first = invite(**address)
    expire(ann.app, first)

    second = invite(**address, role="viewer")

    assert sent(ann, project) == [second["id"]]
    assert second["id"] > first["id"]


def test_address_is_invited_to_several_projects(
    ann: Client, invite: Invite, bob: Client
) -> None:
    other = ann.post("projects", {"name": "Field"}).json
    invite(username="bob")

    response = ann.post(f"projects/{other['id']}/invitations", {"username": "bob"})

    assert response.status_code == 201
    assert len(bob.get("invitations").json["items"]) == 2


@pytest.mark.parametrize("name", ["ann", "bob"])
def test_username_of_member_is_rejected(
    ann: Client, bob: Client, project: dict[str, Any], name: str
) -> None:
    add_member(project, bob)

    response = ann.post(f"projects/{project['id']}/invitations", {"username": name})

    assert assert_problem(response, 409, "already-exists")["field"] == "username"
    assert stored(ann.app) == []


@pytest.mark.parametrize("name", ["ann", "bob"])
def test_email_of_member_looks_like_any_other(
    ann: Client, bob: Client, project: dict[str, Any], invite: Invite, name: str
) -> None:
    for client in (ann, bob):
        store_user(client, email_verified=True)
    add_member(project, bob, "viewer")

    invitation = invite(email=f"{name}@example.org")

    client = {"ann": ann, "bob": bob}[name]
    assert sent(ann, project) == [invitation["id"]]
    assert client.get("invitations").json["items"] == []
    assert client.get(f"projects/{project['id']}").json["member_count"] == 2


def test_project_has_at_most_20_open_invitations(
    ann: Client, project: dict[str, Any], invite: Invite
) -> None:
    created = [invite(username=f"user{number}") for number in range(19)] + [invite()]
    path = f"projects/{project['id']}/invitations"

    rejected = [ann.post(path, body) for body in ({}, {"username": "bob"})]
    expire(ann.app, created[0])
    accepted = ann.post(path, {"username": "bob"})

    for response in rejected:
        assert assert_problem(response, 409, "limit-reached")["limit"] == 20
    assert accepted.status_code == 201


def test_account_invites_50_addresses_in_a_day(
    ann: Client, project: dict[str, Any], invite: Invite
) -> None:
    def send(number: int) -> None:
        one = invite(username=f"user{number}")
        assert ann.delete(f"invitations/{one['id']}").status_code == 204

    for number in range(50):
        send(number)
    path = f"projects/{project['id']}/invitations"

    rejected = ann.post(path, {"email": "bob@example.org"})
    with_token = ann.post(path, {})
    with later(days(1)):
        ann.renew_session()
        next_day = ann.post(path, {"email": "bob@example.org"})

    assert_problem(rejected, 429, "rate-limited")
    assert 86_000 < int(rejected.headers["Retry-After"]) <= 86_400
    assert (with_token.status_code, next_day.status_code) == (201, 201)


def test_rejected_invitation_is_not_counted(
    ann: Client, project: dict[str, Any], invite: Invite
) -> None:
    invite(username="bob")
    before = execute(ann.app, "SELECT number FROM login_attempts")

    ann.post(f"projects/{project['id']}/invitations", {"username": "bob"})

    assert execute(ann.app, "SELECT number FROM login_attempts") == before == [(1,)]


def test_repeated_request_gets_stored_response(
    ann: Client, project: dict[str, Any]
) -> None:
    path = f"projects/{project['id']}/invitations"

    first, second = (ann.post(path, {"username": "bob"}, headers=KEY) for _ in range(2))

    assert second.headers["Idempotency-Replayed"] == "true"
    assert (first.status_code, first.json) == (second.status_code, second.json)
    assert len(stored(ann.app)) == 1


def test_response_with_token_is_never_stored(
    ann: Client, project: dict[str, Any]
) -> None:
    path = f"projects/{project['id']}/invitations"

    first, second = (ann.post(path, {}, headers=KEY) for _ in range(2))

    assert first.json["token"] != second.json["token"]
    assert "Idempotency-Replayed" not in second.headers
    assert execute(ann.app, "SELECT count(*) FROM stored_responses") == [(0,)]
