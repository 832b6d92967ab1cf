"""A new email asks for the password, and counts as unverified."""

from typing import Any

import pytest

from tests.backstage import store_user
from tests.support import PASSWORD, Client, faults, refused

NEW = {"email": "ann@new.example.org", "current_password": PASSWORD}


@pytest.fixture
def verified(ann: Client) -> Client:
    """Return Ann, who has a username too, and whose email is verified."""
    ann.patch("users/me", {"username": "ann"})
    store_user(ann, email_verified=True)
    ann.user = ann.get("users/me").json
    return ann


@pytest.mark.parametrize("verb", ["PATCH", "PUT"])
def test_who_gives_the_password_changes_the_email(verified: Client, verb: str) -> None:
    answer = verified.call(verb, "users/me", json=NEW)

    assert answer.status_code == 200
    assert answer.json["email"] == "ann@new.example.org"
    assert answer.json["version"] == verified.user["version"] + 1
    assert "current_password" not in answer.json


@pytest.mark.parametrize("email", ["ann@new.example.org", None], ids=["new", "none"])
def test_a_changed_email_is_unverified(verified: Client, email: str | None) -> None:
    answer = verified.patch("users/me", NEW | {"email": email})

    assert (answer.status_code, answer.json["email"]) == (200, email)
    assert answer.json["email_verified"] is False


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
def test_who_does_not_give_the_password_keeps_the_email(
    verified: Client, email: str | None, proof: dict[str, Any], code: str
) -> None:
    answer = verified.patch("users/me", {"email": email, "full_name": "A"} | proof)

    assert faults(answer) == {"#/current_password": code}
    assert verified.get("users/me").json == verified.user


@pytest.mark.parametrize(
    "email", ["ann@example.org", " ANN@example.ORG"], ids=["same", "folded"]
)
def test_the_same_email_needs_no_password_and_stays_verified(
    verified: Client, email: str
) -> None:
    answer = verified.patch("users/me", {"email": email, "full_name": "Ann"})

    assert (answer.status_code, answer.json["full_name"]) == (200, "Ann")
    assert answer.json["email_verified"] is True


def test_another_change_leaves_the_email_verified(verified: Client) -> None:
    answer = verified.patch("users/me", {"full_name": "Ann", "username": "ann2"})

    assert answer.status_code == 200
    assert answer.json["email_verified"] is True


def test_the_new_email_logs_in_and_the_old_one_no_longer(ann: Client) -> None:
    old = {"email": "ann@example.org", "password": PASSWORD}
    new = {"email": "ann@new.example.org", "password": PASSWORD}

    ann.patch("users/me", NEW)

    assert ann.post("auth/login", new).status_code == 200
    refused(ann.post("auth/login", old), 401, "invalid-credentials")


def test_an_email_that_was_given_up_can_be_had(ann: Client, bob: Client) -> None:
    ann.patch("users/me", NEW)

    answer = bob.patch("users/me", NEW | {"email": "ann@example.org"})

    assert answer.status_code == 200
    assert answer.json["email"] == "ann@example.org"


@pytest.mark.parametrize("email", ["bob@example.org", " BOB@Example.org "])
def test_the_email_of_someone_else_cannot_be_had(
    verified: Client, bob: Client, email: str
) -> None:
    answer = verified.patch("users/me", NEW | {"email": email})

    assert refused(answer, 409, "already-exists")["field"] == "email"
    assert verified.get("users/me").json == verified.user
    assert bob.get("users/me").json == bob.user


@pytest.mark.parametrize(
    "changes",
    [{"email": None}, {"email": None, "username": None}],
    ids=["the-only-one", "both"],
)
def test_nobody_is_left_without_a_name(ann: Client, changes: dict[str, None]) -> None:
    answer = ann.patch("users/me", changes | {"current_password": PASSWORD})

    assert faults(answer) == {"#": "required"}
    assert ann.get("users/me").json == ann.user


def test_both_names_cannot_be_dropped_together(verified: Client) -> None:
    changes = {"email": None, "username": None, "current_password": PASSWORD}

    answer = verified.patch("users/me", changes)

    assert faults(answer) == {"#": "required"}
    assert verified.get("users/me").json == verified.user
