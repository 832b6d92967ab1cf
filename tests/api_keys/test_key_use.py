"""Requests with API keys: accepted headers, recorded use, and revocation."""

from datetime import timedelta
from typing import Any

import pytest

from taskapi import clock
from tests.api_keys.clients import KeyClient, create_key, key_client, stored_key
from tests.auth.token_signing import INVALID_TOKEN
from tests.helpers.cli import run
from tests.helpers.client import PASSWORD, Client, assert_problem
from tests.helpers.clock import later

HOUR = 3600
MINUTE = 60


def soon(**units: int) -> str:
    return (clock.now() + timedelta(**units)).isoformat()


def test_key_authenticates_its_owner(ann: Client, script: KeyClient) -> None:
    task = ann.create_task()

    response = script.get("tasks")

    assert response.json["items"] == [task]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_key_is_accepted_as_bearer_token(
    anonymous: Client, script: KeyClient, scheme: str
) -> None:
    bearer = {"Authorization": f"{scheme} {script.text}"}

    response = anonymous.get("tasks", headers=bearer)

    assert response.status_code == 200


def test_same_key_is_accepted_in_both_headers(script: KeyClient) -> None:
    response = script.get("tasks", headers={"Authorization": f"Bearer {script.text}"})

    assert response.status_code == 200


def test_two_different_keys_are_rejected(ann: Client, script: KeyClient) -> None:
    other = create_key(ann)["api_key"]

    response = script.get("tasks", headers={"Authorization": f"Bearer {other}"})

    assert_problem(response, 401, "api-key-invalid")


def test_first_use_of_a_key_adds_one_statement(
    script: KeyClient, statements: list[str]
) -> None:
    script.get("tasks?limit=1")
    first = len(statements)
    script.get("tasks?limit=1")

    assert (first, len(statements) - first) == (3, 2)


def test_use_is_recorded(ann: Client, script: KeyClient) -> None:
    before = stored_key(ann).last_used_at
    script.get("tasks")

    after = ann.get("api-keys").json["items"][0]["last_used_at"]

    assert before is None
    assert after is not None


@pytest.mark.parametrize(
    ("seconds", "recorded"), [(4 * MINUTE, False), (6 * MINUTE, True)], ids=["4", "6"]
)
def test_use_is_recorded_at_most_every_five_minutes(
    ann: Client, script: KeyClient, seconds: int, *, recorded: bool
) -> None:
    script.get("tasks")
    first = stored_key(ann)

    with later(seconds):
        response = script.get("tasks")

    assert response.status_code == 200
    assert (stored_key(ann).last_used_at > first.last_used_at) is recorded
    assert stored_key(ann).updated_at == first.updated_at


def test_use_is_recorded_for_a_rejected_request(ann: Client, script: KeyClient) -> None:
    response = script.get("tasks/1")

    assert_problem(response, 404, "not-found")
    assert stored_key(ann).last_used_at is not None


def test_expired_key_is_rejected(ann: Client) -> None:
    script = key_client(ann, expires_at=soon(hours=1))

    before = script.get("tasks")
    with later(HOUR + 1):
        after = script.get("tasks")

    assert before.status_code == 200
    assert_problem(after, 401, "api-key-expired")
    assert after.headers["WWW-Authenticate"] == INVALID_TOKEN


def test_revoked_key_is_rejected_at_once(ann: Client, script: KeyClient) -> None:
    before = script.get("tasks")

    revoked = ann.delete(f"api-keys/{stored_key(ann).id}")

    assert (before.status_code, revoked.status_code) == (200, 204)
    assert_problem(script.get("tasks"), 401, "api-key-invalid")


def test_key_of_a_deactivated_account_is_rejected(
    ann: Client, script: KeyClient
) -> None:
    run(ann.app, "users", "deactivate", "ann@example.org")

    response = script.get("tasks")

    assert_problem(response, 401, "api-key-invalid")


def test_key_is_deleted_with_its_owner(ann: Client, script: KeyClient) -> None:
    deletion = ann.delete("users/me", {"password": PASSWORD})

    response = script.get("tasks")

    assert deletion.status_code == 204
    assert_problem(response, 401, "api-key-invalid")


def test_key_survives_the_session_that_created_it(
    ann: Client, script: KeyClient
) -> None:
    ann.post("auth/logout", {"all": True})

    response = script.get("tasks")

    assert response.status_code == 200


def test_key_and_token_of_one_account_are_accepted(
    ann: Client, script: KeyClient
) -> None:
    script.tokens = ann.tokens

    response = script.get("tasks")

    assert response.status_code == 200


def test_key_limits_a_request_with_both_credentials(
    ann: Client, script: KeyClient
) -> None:
    script.tokens = ann.tokens

    response = script.get("users/me")

    assert_problem(response, 403, "insufficient-scope")


def test_key_and_token_of_different_accounts_are_rejected(
    bob: Client, script: KeyClient
) -> None:
    script.tokens = bob.tokens

    response = script.get("tasks")

    assert_problem(response, 401, "api-key-invalid")


@pytest.mark.parametrize(
    "given",
    [{"X-API-Key": "tsk_nonsense"}, {"Authorization": "Bearer x.y.z"}],
    ids=["bad-key", "bad-token"],
)
def test_valid_credential_does_not_excuse_an_invalid_one(
    ann: Client, script: KeyClient, given: dict[str, Any]
) -> None:
    script.tokens = ann.tokens

    response = script.get("tasks", headers=given)

    assert response.status_code == 401
