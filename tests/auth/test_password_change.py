"""A password change ends all other sessions of the account."""

from typing import Any

import pytest

from taskapi import db, passwords
from tests.api_keys.clients import key_client
from tests.auth.token_signing import REALM
from tests.helpers.client import (
    PASSWORD,
    Client,
    another_session,
    assert_problem,
    field_errors,
)
from tests.helpers.rows import stored_user

NEW = "an evening at the sea"
CHANGE = {"current_password": PASSWORD, "new_password": NEW}
WEAK: dict[str, tuple[Any, str]] = {
    "short": ("abcdefg", "length"),
    "common": ("password1", "common"),
    "email": ("ann@example.org", "personal"),
    "null": (None, "null"),
    "number": (12345678, "type"),
    "long": ("ä" * 129, "length"),
}


def test_new_password_replaces_the_old_one(ann: Client) -> None:
    response = ann.post("auth/password", CHANGE)

    old = {"email": "ann@example.org", "password": PASSWORD}
    assert (response.status_code, response.data) == (204, b"")
    assert Client(ann.app, "ann").log_in(NEW).tokens
    assert_problem(ann.post("auth/login", old), 401, "invalid-credentials")


def test_password_change_ends_other_sessions(ann: Client, bob: Client) -> None:
    other = another_session(ann)

    ann.post("auth/password", CHANGE)

    assert_problem(other.get("users/me"), 401, "session-revoked")
    assert ann.get("users/me").status_code == 200
    assert bob.get("users/me").json == bob.user


def test_password_change_revokes_refresh_tokens_of_other_sessions(ann: Client) -> None:
    other = {"refresh_token": another_session(ann).tokens["refresh_token"]}
    own = {"refresh_token": ann.tokens["refresh_token"]}

    ann.post("auth/password", CHANGE)

    assert_problem(ann.post("auth/refresh", other), 401, "session-revoked")
    assert ann.post("auth/refresh", own).status_code == 200


def test_wrong_current_password_is_rejected(ann: Client) -> None:
    other, before = another_session(ann), stored_user(ann).password_hash

    response = ann.post("auth/password", CHANGE | {"current_password": NEW})

    assert_problem(response, 401, "invalid-credentials")
    assert response.headers["WWW-Authenticate"] == REALM
    assert stored_user(ann).password_hash == before
    assert other.get("users/me").json == ann.user


@pytest.mark.one_database
@pytest.mark.parametrize(("password", "code"), WEAK.values(), ids=WEAK)
def test_weak_new_password_changes_nothing(
    ann: Client, password: Any, code: str
) -> None:
    other, before = another_session(ann), stored_user(ann).password_hash

    response = ann.post("auth/password", CHANGE | {"new_password": password})

    assert field_errors(response) == {"#/new_password": code}
    assert stored_user(ann).password_hash == before
    assert other.get("users/me").json == ann.user


@pytest.mark.one_database
@pytest.mark.parametrize("missing", ["current_password", "new_password"])
def test_password_change_requires_both_passwords(ann: Client, missing: str) -> None:
    body = {name: text for name, text in CHANGE.items() if name != missing}

    response = ann.post("auth/password", body)

    assert field_errors(response) == {f"#/{missing}": "required"}


@pytest.mark.one_database
def test_response_contains_no_password(ann: Client) -> None:
    responses = [
        ann.post("auth/password", CHANGE | {"current_password": NEW}),
        ann.post("auth/password", CHANGE | {"new_password": PASSWORD[:4]}),
    ]

    assert [a for a in responses if NEW in a.text or PASSWORD[:4] in a.text] == []


def test_api_key_survives_a_password_change(ann: Client) -> None:
    script = key_client(ann)

    ann.post("auth/password", CHANGE)

    assert script.get("tasks").status_code == 200


def test_writes_continue_while_a_new_password_is_hashed(
    ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_hash, in_transaction = passwords.make_hash, []

    def record_transaction(password: str) -> str:
        in_transaction.append(db.session().in_transaction())
        return make_hash(password)

    monkeypatch.setattr(passwords, "make_hash", record_transaction)

    response = ann.post("auth/password", CHANGE)

    assert response.status_code == 204
    assert in_transaction == [False]
