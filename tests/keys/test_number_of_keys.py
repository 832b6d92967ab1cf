"""An account has at most 50 API keys, also if they are created at the same time."""

from datetime import timedelta

import pytest

from taskapi import clock
from tests.backstage import at_once, count, later, run
from tests.keys.holding import holder, make_key
from tests.support import Client, refused

MOST = 50


def fill(owner: Client, number: int = MOST) -> None:
    """Create keys."""
    for _ in range(number):
        make_key(owner)


def test_a_key_beyond_the_limit_is_rejected(ann: Client) -> None:
    fill(ann)

    answer = ann.post("api-keys", {"name": "one more"})

    problem = refused(answer, 409, "limit-reached")
    assert problem["limit"] == MOST
    assert "50 API keys" in problem["detail"]
    assert count(ann.app, "keys") == MOST


def test_a_revoked_key_leaves_room_for_another(ann: Client) -> None:
    fill(ann)
    revoked = ann.get("api-keys").json["items"][0]["id"]

    ann.delete(f"api-keys/{revoked}")

    make_key(ann)


def test_expired_keys_count(ann: Client) -> None:
    soon = (clock.now() + timedelta(seconds=60)).isoformat()
    for _ in range(MOST):
        make_key(ann, expires_at=soon)

    with later(120):
        answer = ann.post("api-keys", {"name": "one more"})

    refused(answer, 409, "limit-reached")


def test_keys_created_at_the_same_time_keep_the_limit(ann: Client) -> None:
    fill(ann, MOST - 1)

    answers = at_once(*[lambda: ann.post("api-keys", {"name": "race"})] * 8)

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] + [409] * 7
    assert count(ann.app, "keys") == MOST


def test_other_accounts_have_their_own_limit(ann: Client, bob: Client) -> None:
    fill(ann)

    assert holder(bob).get("tasks").status_code == 200


def test_the_command_line_keeps_the_limit(ann: Client) -> None:
    fill(ann)

    with pytest.raises(AssertionError, match="at most 50 API keys"):
        run(ann.app, "api-keys", "create", "ann@example.org", "--name", "one more")

    assert count(ann.app, "keys") == MOST
