"""An account has at most 50 API keys, also if they are created at the same time."""

from datetime import timedelta

import pytest

from taskapi import clock
from tests.api_keys.clients import create_key, key_client
from tests.helpers.cli import run
from tests.helpers.client import Client, assert_problem
from tests.helpers.clock import later
from tests.helpers.concurrency import run_concurrently
from tests.helpers.rows import count

MAX_ATTEMPTS = 50


def fill(owner: Client, number: int = MAX_ATTEMPTS) -> None:
    """Create keys."""
    for _ in range(number):
        create_key(owner)


@pytest.mark.one_database
def test_key_beyond_the_limit_is_rejected(ann: Client) -> None:
    fill(ann)

    response = ann.post("api-keys", {"name": "one more"})

    problem = assert_problem(response, 409, "limit-reached")
    assert problem["limit"] == MAX_ATTEMPTS
    assert "50 API keys" in problem["detail"]
    assert count(ann.app, "keys") == MAX_ATTEMPTS


@pytest.mark.one_database
def test_revoked_key_leaves_room_for_another(ann: Client) -> None:
    fill(ann)
    revoked = ann.get("api-keys").json["items"][0]["id"]

    ann.delete(f"api-keys/{revoked}")

    create_key(ann)


@pytest.mark.one_database
def test_expired_keys_count(ann: Client) -> None:
    soon = (clock.now() + timedelta(seconds=60)).isoformat()
    for _ in range(MAX_ATTEMPTS):
        create_key(ann, expires_at=soon)

    with later(120):
        response = ann.post("api-keys", {"name": "one more"})

    assert_problem(response, 409, "limit-reached")


def test_concurrent_creations_keep_the_limit(ann: Client) -> None:
    fill(ann, MAX_ATTEMPTS - 1)

    responses = run_concurrently(*[lambda: ann.post("api-keys", {"name": "race"})] * 8)

    statuses = sorted(response.status_code for response in responses)
    assert statuses == [201] + [409] * 7
    assert count(ann.app, "keys") == MAX_ATTEMPTS


@pytest.mark.one_database
def test_other_accounts_have_their_own_limit(ann: Client, bob: Client) -> None:
    fill(ann)

    assert key_client(bob).get("tasks").status_code == 200


@pytest.mark.one_database
def test_command_enforces_the_limit(ann: Client) -> None:
    fill(ann)

    with pytest.raises(AssertionError, match="can have 50 API keys"):
        run(ann.app, "api-keys", "create", "ann@example.org", "--name", "one more")

    assert count(ann.app, "keys") == MAX_ATTEMPTS
