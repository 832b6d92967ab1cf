"""Password reset with a token that was sent by email."""

import hashlib
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from taskapi import db
from taskapi.recovery.models import EmailToken
from tests.api_keys.clients import key_client
from tests.helpers.cli import run
from tests.helpers.client import (
    PASSWORD,
    Client,
    another_session,
    assert_problem,
    field_errors,
)
from tests.helpers.clock import later
from tests.helpers.concurrency import run_concurrently
from tests.helpers.rows import count, store_user, stored_user
from tests.helpers.smtp import Mailbox, emails, token_in
from tests.recovery.conftest import reset_token

NEW = "an evening at the sea"
MINUTE = 60
LOGIN = {"email": "ann@example.org", "password": PASSWORD}


def complete(client: Client, token: str, password: str = NEW) -> TestResponse:
    """Send a token and a new password, without credentials."""
    body = {"token": token, "new_password": password}
    return Client(client.app).post("auth/password-reset/complete", body)


def assert_invalid(client: Client, token: str) -> None:
    """Assert that a token is rejected and changes nothing."""
    before = stored_user(client).password_hash
    assert field_errors(complete(client, token)) == {"#/token": "wrong"}
    assert stored_user(client).password_hash == before


def test_token_sets_a_new_password(ann: Client, token: str) -> None:
    response = complete(ann, token)

    assert (response.status_code, response.data) == (204, b"")
    assert Client(ann.app, "ann").log_in(NEW).tokens
    assert_problem(
        Client(ann.app).post("auth/login", LOGIN), 401, "invalid-credentials"
    )


def test_reset_ends_all_sessions_of_the_account_only(
    ann: Client, bob: Client, token: str
) -> None:
    other = another_session(ann)

    complete(ann, token)

    assert_problem(ann.get("users/me"), 401, "session-revoked")
    assert_problem(other.get("users/me"), 401, "session-revoked")
    assert bob.get("users/me").json == bob.user


def test_reset_verifies_the_email(ann: Client, token: str) -> None:
    complete(ann, token)

    user = Client(ann.app, "ann").log_in(NEW).get("users/me").json
    assert user["email_verified"] is True
    assert user["version"] == ann.user["version"] + 1


def test_reset_unlocks_the_account(ann: Client, token: str) -> None:
    wrong = LOGIN | {"password": "a wrong password"}
    responses = [Client(ann.app).post("auth/login", wrong) for _ in range(11)]

    complete(ann, token)

    assert responses[-1].status_code == 429
    assert Client(ann.app, "ann").log_in(NEW).tokens


def test_first_reset_by_email_revokes_earlier_keys(ann: Client, token: str) -> None:
    script = key_client(ann)

    complete(ann, token)

    assert_problem(script.get("tasks"), 401, "api-key-invalid")


def test_reset_keeps_keys_of_a_verified_account(ann: Client, token: str) -> None:
    store_user(ann, email_verified=True)
    script = key_client(ann)

    complete(ann, token)

    assert script.get("tasks").status_code == 200


def test_token_is_valid_for_one_reset(ann: Client, token: str) -> None:
    complete(ann, token)

    assert_invalid(ann, token)


def test_one_of_twenty_concurrent_resets_succeeds(ann: Client, token: str) -> None:
    passwords = [f"{NEW} number {number}" for number in range(20)]

    responses = run_concurrently(
        *[partial(complete, ann, token, password) for password in passwords]
    )

    statuses = [response.status_code for response in responses]
    assert statuses.count(204) == 1
    assert set(statuses) <= {204, 422, 503}  # 503: too many hashes at once
    assert Client(ann.app, "ann").log_in(passwords[statuses.index(204)]).tokens


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("password", "code"),
    [("abcdefg", "length"), ("password1", "common"), ("ann@example.org", "personal")],
    ids=["short", "common", "own-name"],
)
def test_weak_password_does_not_use_the_token(
    ann: Client, token: str, password: str, code: str
) -> None:
    weak = complete(ann, token, password)

    assert field_errors(weak) == {"#/new_password": code}
    assert ann.get("users/me").status_code == 200
    assert complete(ann, token).status_code == 204


@pytest.mark.parametrize(
    "invented",
    ["x", "A" * 43, "é" * 43, "' OR 1=1 --", " "],
    ids=["short", "long", "foreign", "sql", "space"],
)
def test_invented_token_changes_nothing(ann: Client, token: str, invented: str) -> None:
    response = complete(ann, invented)

    assert set(field_errors(response)) == {"#/token"}
    assert complete(ann, token).status_code == 204


def test_new_email_invalidates_the_previous_token(
    ann: Client, mailbox: Mailbox, token: str
) -> None:
    newer = reset_token(ann, mailbox)

    assert_invalid(ann, token)
    assert complete(ann, newer).status_code == 204


def test_password_change_invalidates_the_token(ann: Client, token: str) -> None:
    change = {"current_password": PASSWORD, "new_password": "four other random words"}
    assert ann.post("auth/password", change).status_code == 204

    assert_invalid(ann, token)


def test_email_change_invalidates_the_token(ann: Client, token: str) -> None:
    change = {"email": "ann@new.example.org", "current_password": PASSWORD}
    assert ann.patch("users/me", change).status_code == 200

    assert_invalid(ann, token)


def test_token_does_not_reactivate_an_account(
    ann: Client, app: Flask, token: str
) -> None:
    run(app, "users", "deactivate", "ann@example.org")

    assert_invalid(ann, token)


def test_token_is_valid_for_an_hour(ann: Client, token: str) -> None:
    with later(61 * MINUTE):
        assert_invalid(ann, token)
    with later(59 * MINUTE):
        assert complete(ann, token).status_code == 204


def test_verification_token_resets_no_password(ann: Client, mailbox: Mailbox) -> None:
    ann.post("auth/verify-email/request", {"email": "ann@example.org"})
    (email,) = emails(ann, mailbox)

    assert_invalid(ann, token_in(email))


def test_token_is_deleted_with_its_account(ann: Client, token: str) -> None:
    ann.delete("users/me", {"password": PASSWORD})

    assert field_errors(complete(ann, token)) == {"#/token": "wrong"}
    assert count(ann.app, "tokens") == 0


def test_only_a_hash_of_the_token_is_stored(ann: Client, token: str) -> None:
    newest = select(EmailToken.token_hash).order_by(EmailToken.id.desc())

    with ann.app.app_context():
        stored = db.read(newest)[0].token_hash

    assert stored == hashlib.sha256(token.encode()).hexdigest()
