"""Logout revokes tokens immediately."""

from typing import Any

import pytest

from tests.auth.token_signing import INVALID_TOKEN
from tests.helpers.client import Client, another_session, assert_problem, field_errors
from tests.helpers.rows import count

UNREADABLE: dict[str, tuple[Any, dict[str, str]]] = {
    "yes": ({"all": "yes"}, {"#/all": "type"}),
    "true-as-text": ({"all": "true"}, {"#/all": "type"}),
    "one": ({"all": 1}, {"#/all": "type"}),
    "zero": ({"all": 0}, {"#/all": "type"}),
    "float": ({"all": 1.0}, {"#/all": "type"}),
    "list": ({"all": []}, {"#/all": "type"}),
    "null": ({"all": None}, {"#/all": "null"}),
    "name-of-the-code": ({"everywhere": True}, {"#/everywhere": "unknown"}),
    "no-object": ([], {"#": "type"}),
    "bare-true": (True, {"#": "type"}),
}


@pytest.mark.one_database
def test_logout_returns_204_without_a_body(ann: Client) -> None:
    response = ann.post("auth/logout")

    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers


def test_access_token_is_revoked_with_its_session(ann: Client) -> None:
    before = ann.get("users/me")

    ann.post("auth/logout")

    after = ann.get("users/me")
    assert before.status_code == 200
    assert_problem(after, 401, "session-revoked")
    assert after.headers["WWW-Authenticate"] == INVALID_TOKEN


def test_second_logout_is_rejected(ann: Client) -> None:
    ann.post("auth/logout")

    response = ann.post("auth/logout")

    assert_problem(response, 401, "session-revoked")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"json": {}},
        {"json": {"all": False}},
    ],
    ids=["no-body", "empty-object", "not-all"],
)
def test_logout_ends_only_its_own_session(ann: Client, options: dict[str, Any]) -> None:
    other = another_session(ann)

    response = ann.call("POST", "auth/logout", **options)

    assert response.status_code == 204
    assert_problem(ann.get("users/me"), 401, "session-revoked")
    assert other.get("users/me").json == ann.user


def test_logout_from_all_sessions_ends_each_session_of_the_account(
    ann: Client, bob: Client
) -> None:
    other = another_session(ann)

    response = ann.post("auth/logout", {"all": True})

    assert response.status_code == 204
    assert_problem(ann.get("users/me"), 401, "session-revoked")
    assert_problem(other.get("users/me"), 401, "session-revoked")
    assert bob.get("users/me").json == bob.user


def test_login_succeeds_after_a_logout(ann: Client) -> None:
    ann.post("auth/logout", {"all": True})

    again = another_session(ann)

    assert again.get("users/me").json == ann.user
    assert count(ann.app, "sessions") == 1


@pytest.mark.one_database
@pytest.mark.parametrize(("body", "expected"), UNREADABLE.values(), ids=UNREADABLE)
def test_invalid_logout_ends_no_session(
    ann: Client, body: Any, expected: dict[str, str]
) -> None:
    response = ann.post("auth/logout", body)

    assert field_errors(response) == expected
    assert ann.get("users/me").json == ann.user


@pytest.mark.one_database
def test_logout_accepts_no_form(ann: Client) -> None:
    response = ann.call("POST", "auth/logout", data={"all": "true"})

    assert_problem(response, 415, "unsupported-media-type")
    assert ann.get("users/me").json == ann.user
