"""Who lost the password gets a new one with a token that only the mailbox has."""

import hashlib
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from taskapi import db
from taskapi.recovery.models import EmailToken
from tests.backstage import (
    another_session,
    at_once,
    count,
    later,
    run,
    store_user,
    stored_user,
)
from tests.keys.holding import holder
from tests.mailbox import Mailbox, letters, token_in
from tests.recovery.conftest import reset_token
from tests.support import PASSWORD, Client, faults, refused

NEW = "an evening at the sea"
MINUTE = 60
LOGIN = {"email": "ann@example.org", "password": PASSWORD}


def complete(client: Client, token: str, password: str = NEW) -> TestResponse:
    """Use a token, without credentials."""
    body = {"token": token, "new_password": password}
    return Client(client.app).post("auth/password-reset/complete", body)


def assert_dead(client: Client, token: str) -> None:
    """Assert that a token changes nothing."""
    before = stored_user(client).password_hash
    assert faults(complete(client, token)) == {"#/token": "wrong"}
    assert stored_user(client).password_hash == before


def test_a_mailed_token_sets_a_new_password(ann: Client, token: str) -> None:
    answer = complete(ann, token)

    assert (answer.status_code, answer.data) == (204, b"")
    assert Client(ann.app, "ann").log_in(NEW).tokens
    refused(Client(ann.app).post("auth/login", LOGIN), 401, "invalid-credentials")


def test_a_reset_ends_all_sessions_and_no_one_elses(
    ann: Client, bob: Client, token: str
) -> None:
    other = another_session(ann)

    complete(ann, token)

    refused(ann.get("users/me"), 401, "session-revoked")
    refused(other.get("users/me"), 401, "session-revoked")
    assert bob.get("users/me").json == bob.user


def test_a_reset_verifies_the_email_that_the_token_came_to(
    ann: Client, token: str
) -> None:
    complete(ann, token)

    user = Client(ann.app, "ann").log_in(NEW).get("users/me").json
    assert user["email_verified"] is True
    assert user["version"] == ann.user["version"] + 1


def test_a_reset_lifts_the_lock_of_who_guessed_too_often(
    ann: Client, token: str
) -> None:
    wrong = LOGIN | {"password": "a guess in the dark"}
    tries = [Client(ann.app).post("auth/login", wrong) for _ in range(11)]

    complete(ann, token)

    assert tries[-1].status_code == 429
    assert Client(ann.app, "ann").log_in(NEW).tokens


def test_first_proof_of_a_mailbox_by_a_reset_ends_earlier_keys(
    ann: Client, token: str
) -> None:
    script = holder(ann)

    complete(ann, token)

    refused(script.get("tasks"), 401, "api-key-invalid")


def test_reset_leaves_keys_of_a_verified_account(ann: Client, token: str) -> None:
    store_user(ann, email_verified=True)
    script = holder(ann)

    complete(ann, token)

    assert script.get("tasks").status_code == 200


def test_a_token_is_good_for_one_reset(ann: Client, token: str) -> None:
    complete(ann, token)

    assert_dead(ann, token)


def test_of_twenty_uses_at_once_one_wins(ann: Client, token: str) -> None:
    passwords = [f"{NEW} number {number}" for number in range(20)]

    answers = at_once(*[partial(complete, ann, token, word) for word in passwords])

    statuses = [answer.status_code for answer in answers]
    assert statuses.count(204) == 1
    assert set(statuses) <= {204, 422, 503}  # 503: too many hashes at once
    assert Client(ann.app, "ann").log_in(passwords[statuses.index(204)]).tokens


@pytest.mark.parametrize(
    ("password", "code"),
    [("abcdefg", "length"), ("password1", "common"), ("ann@example.org", "personal")],
    ids=["short", "common", "own-name"],
)
def test_a_weak_password_does_not_use_the_token_up(
    ann: Client, token: str, password: str, code: str
) -> None:
    weak = complete(ann, token, password)

    assert faults(weak) == {"#/new_password": code}
    assert ann.get("users/me").status_code == 200
    assert complete(ann, token).status_code == 204


@pytest.mark.parametrize(
    "invented",
    ["x", "A" * 43, "é" * 43, "' OR 1=1 --", " "],
    ids=["short", "long", "foreign", "sql", "space"],
)
def test_an_invented_token_changes_nothing(
    ann: Client, token: str, invented: str
) -> None:
    answer = complete(ann, invented)

    assert set(faults(answer)) == {"#/token"}
    assert complete(ann, token).status_code == 204


def test_a_new_letter_ends_the_token_before(
    ann: Client, mailbox: Mailbox, token: str
) -> None:
    newer = reset_token(ann, mailbox)

    assert_dead(ann, token)
    assert complete(ann, newer).status_code == 204


def test_a_changed_password_ends_the_token(ann: Client, token: str) -> None:
    change = {"current_password": PASSWORD, "new_password": "four words of hers"}
    assert ann.post("auth/password", change).status_code == 204

    assert_dead(ann, token)


def test_a_changed_email_ends_the_token(ann: Client, token: str) -> None:
    change = {"email": "ann@new.example.org", "current_password": PASSWORD}
    assert ann.patch("users/me", change).status_code == 200

    assert_dead(ann, token)


def test_a_closed_account_is_not_opened_by_a_token(
    ann: Client, app: Flask, token: str
) -> None:
    run(app, "users", "deactivate", "ann@example.org")

    assert_dead(ann, token)


def test_a_token_lives_for_an_hour(ann: Client, token: str) -> None:
    with later(61 * MINUTE):
        assert_dead(ann, token)
    with later(59 * MINUTE):
        assert complete(ann, token).status_code == 204


def test_a_token_to_verify_an_email_resets_nothing(
    ann: Client, mailbox: Mailbox
) -> None:
    ann.post("auth/verify-email/request", {"email": "ann@example.org"})
    (letter,) = letters(ann, mailbox)

    assert_dead(ann, token_in(letter))


def test_a_token_dies_with_its_account(ann: Client, token: str) -> None:
    ann.delete("users/me", {"password": PASSWORD})

    assert faults(complete(ann, token)) == {"#/token": "wrong"}
    assert count(ann.app, "tokens") == 0


def test_only_a_hash_of_the_token_is_kept(ann: Client, token: str) -> None:
    newest = select(EmailToken.token_hash).order_by(EmailToken.id.desc())

    with ann.app.app_context():
        stored = db.read(newest)[0].token_hash

    assert stored == hashlib.sha256(token.encode()).hexdigest()
