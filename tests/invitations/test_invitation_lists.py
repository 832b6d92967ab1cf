"""Lists of invitations, and their revocation."""

from typing import Any

import pytest

from tests.helpers.cli import run
from tests.helpers.client import Client, assert_problem
from tests.helpers.sql import execute
from tests.invitations.conftest import Invite
from tests.invitations.support import delete_account, expire, received, sent, verified
from tests.projects.support import add_member


def test_owner_lists_open_invitations(
    ann: Client, project: dict[str, Any], invite: Invite
) -> None:
    ids = [invite(username=name)["id"] for name in ("bob", "carl", "dora")]
    expire(ann.app, {"id": ids[0]})
    path = f"projects/{project['id']}/invitations?include_total=true&limit=1"

    first = ann.get(path).json
    second = ann.get(f"{path}&cursor={first['next_cursor']}").json

    assert [one["id"] for one in first["items"] + second["items"]] == [ids[2], ids[1]]
    assert (first["total"], second["next_cursor"]) == (2, None)


def test_list_of_new_project_is_empty(ann: Client, project: dict[str, Any]) -> None:
    assert sent(ann, project) == []


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_member_without_role_lists_and_revokes_nothing(
    bob: Client, project: dict[str, Any], invite: Invite, role: str
) -> None:
    invitation = invite(username="carl")
    add_member(project, bob, role)

    listed = bob.get(f"projects/{project['id']}/invitations")
    revoked = bob.delete(f"invitations/{invitation['id']}")

    for response in (listed, revoked):
        assert_problem(response, 403, "role-required")


def test_other_account_lists_and_revokes_nothing(
    ann: Client, bob: Client, project: dict[str, Any], invite: Invite
) -> None:
    invitation = invite(username="carl")

    listed = bob.get(f"projects/{project['id']}/invitations")
    revoked = bob.delete(f"invitations/{invitation['id']}")

    for response in (listed, revoked):
        assert_problem(response, 404, "not-found")
    assert sent(ann, project) == [invitation["id"]]


def test_invitee_cannot_revoke(
    ann: Client, bob: Client, project: dict[str, Any], invite: Invite
) -> None:
    invitation = invite(username="bob")

    response = bob.delete(f"invitations/{invitation['id']}")

    assert_problem(response, 404, "not-found")
    assert sent(ann, project) == [invitation["id"]]


def test_any_owner_revokes(
    ann: Client, bob: Client, carl: Client, project: dict[str, Any], invite: Invite
) -> None:
    add_member(project, bob, "owner")
    invitation = invite(username="carl")

    first, second = (bob.delete(f"invitations/{invitation['id']}") for _ in range(2))

    assert first.status_code == 204
    assert_problem(second, 404, "not-found")
    assert (sent(ann, project), received(carl)) == ([], [])


def test_expired_invitation_cannot_be_revoked(ann: Client, invite: Invite) -> None:
    invitation = invite()
    expire(ann.app, invitation)

    response = ann.delete(f"invitations/{invitation['id']}")

    assert_problem(response, 404, "not-found")


def test_invitee_sees_project_and_inviter(
    ann: Client, bob: Client, project: dict[str, Any], invite: Invite
) -> None:
    invitation = invite(username="BOB", role="viewer")

    (listed,) = bob.get("invitations").json["items"]

    inviter = {"project_name": "Garden", "invited_by_username": "ann"}
    assert listed == invitation | inviter
    assert invitation["username"] == "bob"


def test_received_invitations_are_paged_newest_first(
    ann: Client, bob: Client, invite: Invite
) -> None:
    verified(bob)
    ids = [invite(username="bob")["id"], invite(email="bob@example.org")["id"]]

    first = bob.get("invitations?limit=1&include_total=true").json
    second = bob.get(f"invitations?limit=1&cursor={first['next_cursor']}").json

    assert [page["items"][0]["id"] for page in (first, second)] == ids[::-1]
    assert (first["total"], second["next_cursor"]) == (2, None)


def test_unverified_email_receives_nothing(bob: Client, invite: Invite) -> None:
    invitation = invite(email="bob@example.org")

    before = received(bob)
    verified(bob)

    assert (before, received(bob)) == ([], [invitation["id"]])


def test_email_that_is_verified_later_receives_the_invitation(
    ann: Client, invite: Invite
) -> None:
    invitation = invite(email="dora@example.org")

    dora = verified(Client(ann.app, "dora").sign_in())

    assert received(dora) == [invitation["id"]]


def test_username_that_is_registered_later_receives_nothing(
    ann: Client, invite: Invite
) -> None:
    invite(username="dora")
    dora = Client(ann.app, "dora").sign_in()

    assert dora.patch("users/me", {"username": "dora"}).status_code == 200
    assert received(dora) == []


def test_invitation_follows_the_account_and_not_its_username(
    bob: Client, carl: Client, invite: Invite
) -> None:
    invitation = invite(username="bob")
    bob.patch("users/me", {"username": "robert"})
    carl.patch("users/me", {"username": "bob"})

    assert (received(bob), received(carl)) == ([invitation["id"]], [])


@pytest.mark.parametrize("reason", ["expired", "project in the trash"])
def test_invitation_that_cannot_be_accepted_is_not_listed(
    ann: Client, bob: Client, project: dict[str, Any], invite: Invite, reason: str
) -> None:
    invitation = invite(username="bob")
    if reason == "expired":
        expire(ann.app, invitation)
    else:
        ann.delete(f"projects/{project['id']}")

    assert received(bob) == []
    for action in ("accept", "decline"):
        response = bob.post(f"invitations/{invitation['id']}/{action}")
        assert_problem(response, 404, "not-found")


def test_invitation_of_deleted_account_is_kept(
    ann: Client, bob: Client, carl: Client, project: dict[str, Any], invite: Invite
) -> None:
    invite(username="bob")
    add_member(project, carl, "owner")
    delete_account(ann)

    (listed,) = bob.get("invitations").json["items"]

    assert (listed["invited_by"], listed["invited_by_username"]) == (None, None)


def test_invitation_to_deleted_account_is_deleted(
    ann: Client, bob: Client, project: dict[str, Any], invite: Invite
) -> None:
    invite(username="bob")
    delete_account(bob)

    heir = Client(ann.app, "bob").sign_in()
    renamed = heir.patch("users/me", {"username": "bob"})

    assert renamed.status_code == 200
    assert (sent(ann, project), received(heir)) == ([], [])


def test_invitations_of_deleted_project_are_deleted(
    ann: Client, project: dict[str, Any], invite: Invite
) -> None:
    invite(username="bob")
    execute(ann.app, "DELETE FROM projects WHERE id = :id", id=project["id"])

    assert execute(ann.app, "SELECT count(*) FROM invitations") == [(0,)]


def test_expired_invitations_are_purged(
    ann: Client, project: dict[str, Any], invite: Invite
) -> None:
    expire(ann.app, invite(username="bob"))
    remaining = invite(username="carl")

    output = run(ann.app, "purge")

    assert "invitations" in output
    assert execute(ann.app, "SELECT id FROM invitations") == [(remaining["id"],)]
