"""Concurrent changes of members: a shared project always keeps an owner."""

from functools import partial
from typing import Any

import pytest

from tests.helpers.client import Client
from tests.helpers.concurrency import run_concurrently
from tests.projects.support import add_member, create_project

ROUNDS = [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 50))]
EACH_OTHER = ("demote each other", "remove each other")
THEMSELVES = ("demote themselves", "leave")


def path(project: dict[str, Any], client: Client) -> str:
    return f"projects/{project['id']}/members/{client.user['id']}"


@pytest.mark.parametrize("attempt", ROUNDS)
@pytest.mark.parametrize("way", EACH_OTHER + THEMSELVES)
def test_concurrent_owners_leave_one_owner(
    ann: Client, bob: Client, way: str, attempt: int
) -> None:
    project = create_project(ann)
    add_member(project, bob, "owner")
    pairs = [(ann, bob), (bob, ann)] if way in EACH_OTHER else [(ann, ann), (bob, bob)]
    demotes = way.startswith("demote")
    method, body = ("PATCH", {"role": "viewer"}) if demotes else ("DELETE", None)

    responses = run_concurrently(
        *[partial(by.call, method, path(project, of), json=body) for by, of in pairs]
    )

    done = [one for one in responses if one.status_code in {200, 204}]
    (failed,) = [one for one in responses if one not in done]
    assert failed.json["code"] in {"last-owner", "role-required", "not-found"}
    assert owners(project, ann, bob) == 1


def owners(project: dict[str, Any], *clients: Client) -> int:
    """Return the number of owners, as a member sees it."""
    lists = [client.get(f"projects/{project['id']}/members") for client in clients]
    seen = [one.json["items"] for one in lists if one.status_code == 200]
    return sum(member["role"] == "owner" for member in seen[0])


@pytest.mark.parametrize("attempt", ROUNDS)
def test_concurrent_promotion_and_removal_leave_an_owner(
    ann: Client, bob: Client, attempt: int
) -> None:
    project = create_project(ann)
    add_member(project, bob, "viewer")

    run_concurrently(
        partial(ann.patch, path(project, bob), {"role": "owner"}),
        partial(ann.delete, path(project, ann)),
        partial(bob.delete, path(project, bob)),
    )

    assert owners(project, ann, bob) >= 1
