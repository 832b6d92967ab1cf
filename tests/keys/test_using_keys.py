"""A key speaks for its owner as long as both live."""

from datetime import timedelta
from typing import Any

import pytest

from taskapi import clock
from tests.auth.forging import INVALID_TOKEN
from tests.backstage import later, run
from tests.keys.holding import Holder, holder, make_key, stored_key
from tests.support import PASSWORD, Client, refused

HOUR = 3600
MINUTE = 60


def soon(**units: int) -> str:
    return (clock.now() + timedelta(**units)).isoformat()


def test_a_key_speaks_for_its_owner(ann: Client, script: Holder) -> None:
    task = ann.make_task()

    answer = script.get("tasks")

    assert answer.json["items"] == [task]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_key_counts_as_bearer_token_too(
    anyone: Client, script: Holder, scheme: str
) -> None:
    bearer = {"Authorization": f"{scheme} {script.text}"}

    answer = anyone.get("tasks", headers=bearer)

    assert answer.status_code == 200


def test_one_key_may_come_in_both_headers(script: Holder) -> None:
    answer = script.get("tasks", headers={"Authorization": f"Bearer {script.text}"})

    assert answer.status_code == 200


def test_two_keys_are_one_too_many(ann: Client, script: Holder) -> None:
    other = make_key(ann)["api_key"]

    answer = script.get("tasks", headers={"Authorization": f"Bearer {other}"})

    refused(answer, 401, "api-key-invalid")


def test_a_key_is_one_statement_more_the_first_time(
    script: Holder, statements: list[str]
) -> None:
    script.get("tasks?limit=1")
    first = len(statements)
    script.get("tasks?limit=1")

    assert (first, len(statements) - first) == (3, 2)


def test_the_use_of_a_key_is_noted(ann: Client, script: Holder) -> None:
    before = stored_key(ann).last_used_at
    script.get("tasks")

    after = ann.get("api-keys").json["items"][0]["last_used_at"]

    assert before is None
    assert after is not None


@pytest.mark.parametrize(
    ("seconds", "noted"), [(4 * MINUTE, False), (6 * MINUTE, True)], ids=["4", "6"]
)
def test_the_use_of_a_key_is_noted_every_five_minutes_at_most(
    ann: Client, script: Holder, seconds: int, *, noted: bool
) -> None:
    script.get("tasks")
    first = stored_key(ann)

    with later(seconds):
        answer = script.get("tasks")

    assert answer.status_code == 200
    assert (stored_key(ann).last_used_at > first.last_used_at) is noted
    assert stored_key(ann).updated_at == first.updated_at


def test_the_use_of_a_key_is_noted_when_the_request_is_refused(
    ann: Client, script: Holder
) -> None:
    answer = script.get("tasks/1")

    refused(answer, 404, "not-found")
    assert stored_key(ann).last_used_at is not None


def test_a_key_ends_when_its_time_is_over(ann: Client) -> None:
    script = holder(ann, expires_at=soon(hours=1))

    before = script.get("tasks")
    with later(HOUR + 1):
        after = script.get("tasks")

    assert before.status_code == 200
    refused(after, 401, "api-key-expired")
    assert after.headers["WWW-Authenticate"] == INVALID_TOKEN


def test_a_revoked_key_is_dead_at_once(ann: Client, script: Holder) -> None:
    before = script.get("tasks")

    revoked = ann.delete(f"api-keys/{stored_key(ann).id}")

    assert (before.status_code, revoked.status_code) == (200, 204)
    refused(script.get("tasks"), 401, "api-key-invalid")


def test_a_key_of_a_disabled_account_is_dead(ann: Client, script: Holder) -> None:
    run(ann.app, "users", "deactivate", "ann@example.org")

    answer = script.get("tasks")

    refused(answer, 401, "api-key-invalid")


def test_a_key_goes_with_its_owner(ann: Client, script: Holder) -> None:
    gone = ann.delete("users/me", {"password": PASSWORD})

    answer = script.get("tasks")

    assert gone.status_code == 204
    refused(answer, 401, "api-key-invalid")


def test_a_key_outlives_the_session_that_made_it(ann: Client, script: Holder) -> None:
    ann.post("auth/logout", {"all": True})

    answer = script.get("tasks")

    assert answer.status_code == 200


def test_a_key_and_a_token_of_one_user_go_together(ann: Client, script: Holder) -> None:
    script.tokens = ann.tokens

    answer = script.get("tasks")

    assert answer.status_code == 200


def test_who_sends_both_may_do_what_the_key_may(ann: Client, script: Holder) -> None:
    script.tokens = ann.tokens

    answer = script.get("users/me")

    refused(answer, 403, "insufficient-scope")


def test_a_key_and_a_token_of_two_users_are_refused(
    bob: Client, script: Holder
) -> None:
    script.tokens = bob.tokens

    answer = script.get("tasks")

    refused(answer, 401, "api-key-invalid")


@pytest.mark.parametrize(
    "given",
    [{"X-API-Key": "tsk_nonsense"}, {"Authorization": "Bearer x.y.z"}],
    ids=["bad-key", "bad-token"],
)
def test_one_good_credential_does_not_excuse_a_bad_one(
    ann: Client, script: Holder, given: dict[str, Any]
) -> None:
    script.tokens = ann.tokens

    answer = script.get("tasks", headers=given)

    assert answer.status_code == 401
