"""Logging in, by email or username."""

from json import dumps
from typing import Any

import pytest

from tests.backstage import another_session, count, run
from tests.support import PASSWORD, Client, faults, refused

TOKENS = {"access_token", "refresh_token", "token_type", "expires_in"}
NAMES = {"email": "ann@example.org", "username": "ann"}
WRONG = {"email": "ann@example.org", "password": "a long walk in the sun"}
UNKNOWN = {"email": "nobody@example.org", "password": PASSWORD}


@pytest.fixture
def both(anyone: Client) -> Client:
    """Return someone who has an account with an email and a username."""
    answer = anyone.post("auth/register", NAMES | {"password": PASSWORD})
    anyone.user = answer.json
    return anyone


@pytest.mark.parametrize(
    "name",
    [
        {"email": "ann@example.org"},
        {"username": "ann"},
        {"username": "ann@example.org"},
        {"email": " Ann@EXAMPLE.org "},
        {"username": "\tANN\n"},
        {"username": "ａｎｎ"},  # noqa: RUF001 - wide letters
    ],
    ids=["email", "username", "email-as-username", "spaced", "capitals", "wide"],
)
@pytest.mark.parametrize("kind", ["json", "data"], ids=["json", "form"])
def test_each_name_logs_in(both: Client, kind: str, name: dict[str, str]) -> None:
    login = {kind: name | {"password": PASSWORD}}

    both.tokens = both.call("POST", "auth/login", **login).json

    assert both.tokens.keys() == TOKENS
    assert both.get("users/me").json == both.user


def test_a_login_is_answered_as_oauth_asks(both: Client) -> None:
    login = {"username": "ann", "password": PASSWORD}

    answer = both.post("auth/login", login)

    assert answer.status_code == 200
    assert answer.json["token_type"] == "bearer"
    assert answer.json["expires_in"] == 1800
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content_type == "application/json"


def test_a_refused_login_is_not_stored_by_caches(both: Client) -> None:
    answer = both.post("auth/login", WRONG)

    assert refused(answer, 401, "invalid-credentials")
    assert answer.headers["Cache-Control"] == "no-store"


def test_each_login_begins_a_session_of_its_own(ann: Client) -> None:
    again = another_session(ann)

    ann.post("auth/logout")

    refused(ann.get("users/me"), 401, "session-revoked")
    assert again.get("users/me").json == ann.user


@pytest.mark.parametrize(
    "login",
    [WRONG, UNKNOWN, {"username": "' OR 1=1 --", "password": PASSWORD}],
    ids=["wrong-password", "unknown-user", "injection"],
)
def test_a_wrong_login_begins_no_session(both: Client, login: dict[str, str]) -> None:
    answer = both.post("auth/login", login)

    refused(answer, 401, "invalid-credentials")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="taskapi"'
    assert count(both.app, "sessions") == 0


@pytest.mark.parametrize("kind", ["json", "data"], ids=["json", "form"])
def test_an_unknown_user_and_a_wrong_password_are_answered_alike(
    both: Client, kind: str
) -> None:
    unknown = both.call("POST", "auth/login", **{kind: UNKNOWN})
    wrong = both.call("POST", "auth/login", **{kind: WRONG})

    volatile = {"request_id": None, "instance": None}
    seen = refused(unknown, 401, "invalid-credentials")
    expected = refused(wrong, 401, "invalid-credentials")
    assert seen | volatile == expected | volatile
    assert set(unknown.headers.keys()) == set(wrong.headers.keys())


def test_an_account_is_called_disabled_after_the_right_password(both: Client) -> None:
    run(both.app, "users", "deactivate", "ann")

    answer = both.post("auth/login", {"username": "ann", "password": PASSWORD})

    refused(answer, 403, "account-disabled")
    assert count(both.app, "sessions") == 0


def test_a_disabled_account_and_an_unknown_one_are_answered_alike(
    both: Client,
) -> None:
    run(both.app, "users", "deactivate", "ann")

    disabled = both.post("auth/login", WRONG)
    unknown = both.post("auth/login", UNKNOWN)

    volatile = {"request_id": None, "instance": None}
    seen = refused(disabled, 401, "invalid-credentials")
    expected = refused(unknown, 401, "invalid-credentials")
    assert seen | volatile == expected | volatile
    assert set(disabled.headers.keys()) == set(unknown.headers.keys())


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ({}, {"#": "required", "#/password": "required"}),
        ({"password": PASSWORD}, {"#": "required"}),
        ({"email": "ann@example.org"}, {"#/password": "required"}),
        (NAMES | {"password": PASSWORD}, {"#": "required"}),
        ({"username": "", "password": PASSWORD}, {"#/username": "length"}),
        ({"username": "a" * 255, "password": PASSWORD}, {"#/username": "length"}),
        ({"username": "an\0n", "password": PASSWORD}, {"#/username": "characters"}),
        ({"username": None, "password": PASSWORD}, {"#/username": "null"}),
        ({"username": 7, "password": PASSWORD}, {"#/username": "type"}),
        ({"username": ["ann"], "password": PASSWORD}, {"#/username": "type"}),
        ({"username": "ann", "password": ""}, {"#/password": "length"}),
        ({"username": "ann", "password": "x" * 129}, {"#/password": "length"}),
        ({"username": "ann", "password": "x\0"}, {"#/password": "characters"}),
        ({"username": "ann", "password": {}}, {"#/password": "type"}),
        (
            {"username": "ann", "password": PASSWORD, "remember": True},
            {"#/remember": "unknown"},
        ),
        ([], {"#": "type"}),
    ],
    ids=[
        "nothing",
        "no-name",
        "no-password",
        "two-names",
        "empty-name",
        "long-name",
        "nul-in-name",
        "null-name",
        "number-for-name",
        "list-for-name",
        "empty-password",
        "long-password",
        "nul-in-password",
        "object-for-password",
        "unknown-field",
        "list",
    ],
)
def test_a_login_that_cannot_be_read_is_refused_by_field(
    both: Client, login: Any, expected: dict[str, str]
) -> None:
    answer = both.post("auth/login", login)

    assert faults(answer) == expected


@pytest.mark.parametrize("field", ["username", "password"])
def test_half_a_surrogate_pair_logs_nobody_in(both: Client, field: str) -> None:
    login = {"username": "ann", "password": PASSWORD} | {field: "a\ud800"}
    json_type = {"Content-Type": "application/json"}

    answer = both.call("POST", "auth/login", data=dumps(login), headers=json_type)

    assert faults(answer) == {f"#/{field}": "characters"}


def test_a_login_sends_json_or_a_form(both: Client) -> None:
    answer = both.call("POST", "auth/login", data="ann", content_type="text/plain")

    refused(answer, 415, "unsupported-media-type")
