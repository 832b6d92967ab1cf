"""A new email requires the password, and is unverified."""

from typing import Any

import pytest

from tests.helpers.client import PASSWORD, Client, assert_problem, field_errors
from tests.helpers.rows import store_user

NEW = {"email": "ann@new.example.org", "current_password": PASSWORD}


@pytest.fixture
def verified(ann: Client) -> Client:
    """Return a client with a username and a verified email."""
    ann.patch("users/me", {"username": "ann"})
    store_user(ann, email_verified=True)
    ann.user = ann.get("users/me").json
    return ann


@pytest.mark.parametrize("verb", ["PATCH", "PUT"])
def test_email_changes_with_the_current_password(verified: Client, verb: str) -> None:
    response = verified.call(verb, "users/me", json=NEW)

    assert response.status_code == 200
    assert response.json["email"] == "ann@new.example.org"
    assert response.json["version"] == verified.user["version"] + 1
    assert "current_password" not in response.json


@pytest.mark.parametrize("email", ["ann@new.example.org", None], ids=["new", "none"])
def test_changed_email_is_unverified(verified: Client, email: str | None) -> None:
    response = verified.patch("users/me", NEW | {"email": email})

    assert (response.status_code, response.json["email"]) == (200, email)
    assert response.json["email_verified"] is False


@pytest.mark.one_database
@pytest.mark.parametrize("email", ["ann@new.example.org", None], ids=["new", "none"])
@pytest.mark.parametrize(
    ("proof", "code"),
    [
        ({}, "required"),
        ({"current_password": "a long walk in the sun"}, "wrong"),
        ({"current_password": PASSWORD.upper()}, "wrong"),
        ({"current_password": None}, "null"),
        ({"current_password": ""}, "length"),
        ({"current_password": ["x"]}, "type"),
    ],
    ids=["without", "wrong", "capitals", "null", "empty", "list"],
)
def test_email_change_without_the_password_is_rejected(
    verified: Client, email: str | None, proof: dict[str, Any], code: str
) -> None:
    response = verified.patch("users/me", {"email": email, "full_name": "A"} | proof)

    assert field_errors(response) == {"#/current_password": code}
    assert verified.get("users/me").json == verified.user


@pytest.mark.parametrize(
    "email", ["ann@example.org", " ANN@example.ORG"], ids=["same", "folded"]
)
def test_same_email_needs_no_password_and_stays_verified(
    verified: Client, email: str
) -> None:
    response = verified.patch("users/me", {"email": email, "full_name": "Ann"})

    assert (response.status_code, response.json["full_name"]) == (200, "Ann")
    assert response.json["email_verified"] is True


def test_other_change_keeps_the_email_verified(verified: Client) -> None:
    response = verified.patch("users/me", {"full_name": "Ann", "username": "ann2"})

    assert response.status_code == 200
    assert response.json["email_verified"] is True


def test_new_email_logs_in_and_the_old_one_does_not(ann: Client) -> None:
    old = {"email": "ann@example.org", "password": PASSWORD}
    new = {"email": "ann@new.example.org", "password": PASSWORD}

    ann.patch("users/me", NEW)

    assert ann.post("auth/login", new).status_code == 200
    assert_problem(ann.post("auth/login", old), 401, "invalid-credentials")


def test_released_email_can_be_registered(ann: Client, bob: Client) -> None:
    ann.patch("users/me", NEW)

    response = bob.patch("users/me", NEW | {"email": "ann@example.org"})

    assert response.status_code == 200
    assert response.json["email"] == "ann@example.org"


@pytest.mark.parametrize("email", ["bob@example.org", " BOB@Example.org "])
def test_email_of_another_account_is_rejected(
    verified: Client, bob: Client, email: str
) -> None:
    response = verified.patch("users/me", NEW | {"email": email})

    assert assert_problem(response, 409, "already-exists")["field"] == "email"
    assert verified.get("users/me").json == verified.user
    assert bob.get("users/me").json == bob.user


@pytest.mark.parametrize(
    "changes",
    [{"email": None}, {"email": None, "username": None}],
    ids=["the-only-one", "both"],
)
def test_account_keeps_an_email_or_a_username(
    ann: Client, changes: dict[str, None]
) -> None:
    response = ann.patch("users/me", changes | {"current_password": PASSWORD})

    assert field_errors(response) == {"#": "required"}
    assert ann.get("users/me").json == ann.user


def test_email_and_username_cannot_be_removed_together(verified: Client) -> None:
    changes = {"email": None, "username": None, "current_password": PASSWORD}

    response = verified.patch("users/me", changes)

    assert field_errors(response) == {"#": "required"}
    assert verified.get("users/me").json == verified.user
