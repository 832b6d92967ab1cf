"""Invitation tokens end with the ownership of the account that created them.

Otherwise a removed owner could return with a token that it had kept.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.helpers.client import Client, field_errors
from tests.invitations.support import another, delete_account, members, sent
from tests.projects.support import add_member

Project = dict[str, Any]
End = Callable[[Client, Client, Project], None]


def path(project: Project, client: Client) -> str:
    return f"projects/{project['id']}/members/{client.user['id']}"


def remove(owner: Client, former: Client, project: Project) -> None:
    assert owner.delete(path(project, former)).status_code == 204


def leave(_owner: Client, former: Client, project: Project) -> None:
    assert former.delete(path(project, former)).status_code == 204


def demote(owner: Client, former: Client, project: Project) -> None:
    response = owner.patch(path(project, former), {"role": "editor"})
    assert response.status_code == 200


def delete(_owner: Client, former: Client, _project: Project) -> None:
    delete_account(former)


@pytest.mark.parametrize("end", [remove, leave, demote, delete])
def test_tokens_of_a_former_owner_are_revoked(
    ann: Client, bob: Client, project: Project, end: End
) -> None:
    add_member(project, bob, "owner")
    carl = another(ann.app, "carl")
    invite = f"projects/{project['id']}/invitations"
    token = bob.post(invite, {"role": "owner"}).json["token"]
    others = [ann.post(invite, {}), bob.post(invite, {"username": "dora"})]

    end(ann, bob, project)

    accepted = carl.post("invitations/accept", {"token": token})
    assert field_errors(accepted) == {"#/token": "wrong"}
    assert carl.user["id"] not in members(ann.app, project)
    assert sent(ann, project) == [one.json["id"] for one in reversed(others)]


@pytest.mark.parametrize("role", ["viewer", "owner"])
def test_a_change_of_another_role_keeps_tokens(
    ann: Client, bob: Client, project: Project, role: str
) -> None:
    add_member(project, bob, "editor")
    token = ann.post(f"projects/{project['id']}/invitations", {}).json["token"]

    assert ann.patch(path(project, bob), {"role": role}).status_code == 200

    carl = another(ann.app, "carl")
    assert carl.post("invitations/accept", {"token": token}).status_code == 200
