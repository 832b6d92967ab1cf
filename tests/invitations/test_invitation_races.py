"""Concurrent acceptance of invitations, and deletion of the accounts."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask

from tests.helpers.client import PASSWORD, Client
from tests.helpers.concurrency import run_concurrently
from tests.helpers.sql import execute
from tests.invitations.support import (
    another,
    fill_account,
    fill_project,
    members,
    verified,
)
from tests.projects.support import create_project

CLIENTS = 20
ACCEPT = "invitations/accept"
ONE_ROUND = [1, pytest.param(50, marks=pytest.mark.slow)]
"""One round in `make test`, 50 in `make test-all`."""

rounds = pytest.mark.parametrize("rounds", ONE_ROUND)


def invite(owner: Client, project: dict[str, Any], **fields: Any) -> dict[str, Any]:
    response = owner.post(f"projects/{project['id']}/invitations", fields)
    assert response.status_code == 201, response.text
    invitation: dict[str, Any] = response.json
    return invitation


def statuses(calls: list[Callable[[], Any]]) -> Counter[int]:
    return Counter(one.status_code for one in run_concurrently(*calls))


@rounds
def test_token_is_used_once(app: Flask, ann: Client, rounds: int) -> None:
    clients = [another(app, f"user{number}") for number in range(CLIENTS)]
    for _ in range(rounds):
        project = create_project(ann)
        token = {"token": invite(ann, project)["token"]}

        found = statuses([partial(one.post, ACCEPT, token) for one in clients])

        assert found == {200: 1, 422: CLIENTS - 1}
        assert len(members(app, project)) == 2


@rounds
def test_concurrent_repetitions_make_one_member(
    app: Flask, ann: Client, bob: Client, rounds: int
) -> None:
    for _ in range(rounds):
        project = create_project(ann)
        path = f"invitations/{invite(ann, project, username='bob')['id']}/accept"

        found = statuses([partial(bob.post, path)] * 5)

        assert found[200] >= 1
        assert found[200] + found[404] == 5
        assert len(members(app, project)) == 2


@rounds
def test_limit_of_members_holds(
    app: Flask, ann: Client, bob: Client, carl: Client, rounds: int
) -> None:
    project = create_project(ann)
    fill_project(bob, project, 99)
    for _ in range(rounds):
        tokens = [{"token": invite(ann, project)["token"]} for _ in range(2)]
        calls = [partial(one.post, ACCEPT) for one in (bob, carl)]

        found = statuses([partial(c, t) for c, t in zip(calls, tokens, strict=True)])

        assert found == {200: 1, 409: 1}
        assert len(members(app, project)) == 100
        reset(app, project, bob, carl)


@rounds
def test_limit_of_memberships_holds(
    app: Flask, ann: Client, bob: Client, rounds: int
) -> None:
    fill_account(bob, {}, 199)
    for _ in range(rounds):
        projects = [create_project(ann) for _ in range(2)]
        tokens = [{"token": invite(ann, one)["token"]} for one in projects]

        found = statuses([partial(bob.post, ACCEPT, one) for one in tokens])

        assert found == {200: 1, 409: 1}
        for one in projects:
            reset(app, one, bob)


def reset(app: Flask, project: dict[str, Any], *clients: Client) -> None:
    """Delete the memberships of accounts in a project, and its invitations."""
    number = {"id": project["id"]}
    execute(app, "DELETE FROM invitations WHERE project_id = :id", **number)
    for client in clients:
        execute(
            app,
            "DELETE FROM memberships WHERE project_id = :id AND user_id = :user_id",
            **number,
            user_id=client.user["id"],
        )


@rounds
def test_open_invitations_do_not_exceed_the_limit(
    app: Flask, ann: Client, rounds: int
) -> None:
    for _ in range(rounds):
        project = create_project(ann)
        for _ in range(18):
            invite(ann, project)
        path = f"projects/{project['id']}/invitations"

        found = statuses([partial(ann.post, path, {})] * 6)

        assert found == {201: 2, 409: 4}


@rounds
def test_address_is_invited_once(app: Flask, ann: Client, rounds: int) -> None:
    for _ in range(rounds):
        project = create_project(ann)
        execute(app, "DELETE FROM login_attempts")
        path = f"projects/{project['id']}/invitations"

        found = statuses([partial(ann.post, path, {"username": "dora"})] * 4)

        assert found == {201: 1, 409: 3}


@rounds
def test_invited_account_is_deleted(app: Flask, ann: Client, rounds: int) -> None:
    """No row refers to the deleted account, whichever request is first."""
    project = create_project(ann)
    path = f"projects/{project['id']}/invitations"
    for number in range(rounds):
        execute(app, "DELETE FROM login_attempts")
        dora = another(app, f"dora{number}")

        invited, deleted = run_concurrently(
            partial(ann.post, path, {"username": dora.name}),
            partial(dora.delete, "users/me", {"password": PASSWORD}),
        )

        assert (invited.status_code, deleted.status_code) == (201, 204)
        referring = "SELECT count(*) FROM invitations WHERE user_id = :id"
        assert execute(app, referring, id=dora.user["id"]) == [(0,)]
        execute(app, "DELETE FROM invitations")


@rounds
def test_accepting_account_is_deleted(app: Flask, ann: Client, rounds: int) -> None:
    project = create_project(ann)
    for number in range(rounds):
        execute(app, "DELETE FROM login_attempts")
        dora = verified(another(app, f"dora{number}"))
        path = f"invitations/{invite(ann, project, username=dora.name)['id']}/accept"

        accepted, deleted = run_concurrently(
            partial(dora.post, path),
            partial(dora.delete, "users/me", {"password": PASSWORD}),
        )

        assert accepted.status_code in {200, 401, 404}
        assert deleted.status_code == 204
        assert members(app, project) == [ann.user["id"]]


@rounds
def test_inviting_account_is_deleted(app: Flask, bob: Client, rounds: int) -> None:
    for number in range(rounds):
        eve = another(app, f"eve{number}")
        project = create_project(eve)
        path = f"projects/{project['id']}/invitations"

        invited, deleted = run_concurrently(
            partial(eve.post, path, {"username": "bob"}),
            partial(eve.delete, "users/me", {"password": PASSWORD}),
        )

        assert invited.status_code in {201, 401, 404}
        assert deleted.status_code == 204


@rounds
def test_invitation_is_revoked_while_it_is_accepted(
    app: Flask, ann: Client, bob: Client, rounds: int
) -> None:
    for _ in range(rounds):
        project = create_project(ann)
        number = invite(ann, project, username="bob")["id"]

        accepted, revoked = run_concurrently(
            partial(bob.post, f"invitations/{number}/accept"),
            partial(ann.delete, f"invitations/{number}"),
        )

        outcome = (accepted.status_code, revoked.status_code)
        assert outcome in {(200, 404), (404, 204)}
        is_member = bob.user["id"] in members(app, project)
        assert is_member is (accepted.status_code == 200)
        execute(app, "DELETE FROM login_attempts")
