"""Logging in, by email or username."""

from json import dumps
from typing import Any

import pytest

from tests.helpers.cli import run
from tests.helpers.client import (
    PASSWORD,
    Client,
    another_session,
    assert_problem,
    field_errors,
)
from tests.helpers.rows import count

TOKENS = {"access_token", "refresh_token", "token_type", "expires_in"}
NAMES = {"email": "ann@example.org", "username": "ann"}
WRONG = {"email": "ann@example.org", "password": "a long walk in the sun"}
UNKNOWN = {"email": "unknown@example.org", "password": PASSWORD}


@pytest.fixture
def client(anonymous: Client) -> Client:
    """Return a client whose account has an email and a username."""
    response = anonymous.post("auth/register", NAMES | {"password": PASSWORD})
    anonymous.user = response.json
    return anonymous


@pytest.mark.one_database
@pytest.mark.parametrize(
    "name",
    [
        {"email": "ann@example.org"},
        {"username": "ann"},
        {"username": "ann@example.org"},
        {"email": " Ann@EXAMPLE.org "},
        {"username": "\tANN\n"},
        {"username": "ａｎｎ"},  # noqa: RUF001 - full-width characters
    ],
    ids=["email", "username", "email-as-username", "spaced", "capitals", "wide"],
)
@pytest.mark.parametrize("kind", ["json", "data"], ids=["json", "form"])
def test_login_accepts_email_and_username(
    client: Client, kind: str, name: dict[str, str]
) -> None:
    login = {kind: name | {"password": PASSWORD}}

    client.tokens = client.call("POST", "auth/login", **login).json

    assert client.tokens.keys() == TOKENS
    assert client.get("users/me").json == client.user


@pytest.mark.one_database
def test_login_returns_an_oauth_token_response(client: Client) -> None:
    login = {"username": "ann", "password": PASSWORD}

    response = client.post("auth/login", login)

    assert response.status_code == 200
    assert response.json["token_type"] == "bearer"
    assert response.json["expires_in"] == 1800
    assert response.headers["Cache-Control"] == "no-store"
    assert response.content_type == "application/json"


@pytest.mark.one_database
def test_rejected_login_is_not_cached(client: Client) -> None:
    response = client.post("auth/login", WRONG)

    assert assert_problem(response, 401, "invalid-credentials")
    assert response.headers["Cache-Control"] == "no-store"


def test_each_login_creates_a_session(ann: Client) -> None:
    again = another_session(ann)

    ann.post("auth/logout")

    assert_problem(ann.get("users/me"), 401, "session-revoked")
    assert again.get("users/me").json == ann.user


@pytest.mark.parametrize(
    "login",
    [WRONG, UNKNOWN, {"username": "' OR 1=1 --", "password": PASSWORD}],
    ids=["wrong-password", "unknown-user", "injection"],
)
def test_rejected_login_creates_no_session(
    client: Client, login: dict[str, str]
) -> None:
    response = client.post("auth/login", login)

    assert_problem(response, 401, "invalid-credentials")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="taskapi"'
    assert count(client.app, "sessions") == 0


@pytest.mark.parametrize("kind", ["json", "data"], ids=["json", "form"])
def test_unknown_user_and_wrong_password_return_the_same_response(
    client: Client, kind: str
) -> None:
    unknown = client.call("POST", "auth/login", **{kind: UNKNOWN})
    wrong = client.call("POST", "auth/login", **{kind: WRONG})

    volatile = {"request_id": None, "instance": None}
    problem = assert_problem(unknown, 401, "invalid-credentials")
    expected = assert_problem(wrong, 401, "invalid-credentials")
    assert problem | volatile == expected | volatile
    assert set(unknown.headers.keys()) == set(wrong.headers.keys())


def test_disabled_account_is_reported_after_the_correct_password(
    client: Client,
) -> None:
    run(client.app, "users", "deactivate", "ann")

    response = client.post("auth/login", {"username": "ann", "password": PASSWORD})

    assert_problem(response, 403, "account-disabled")
    assert count(client.app, "sessions") == 0


def test_disabled_account_and_unknown_user_return_the_same_response(
    client: Client,
) -> None:
    run(client.app, "users", "deactivate", "ann")

    disabled = client.post("auth/login", WRONG)
    unknown = client.post("auth/login", UNKNOWN)

    volatile = {"request_id": None, "instance": None}
    problem = assert_problem(disabled, 401, "invalid-credentials")
    expected = assert_problem(unknown, 401, "invalid-credentials")
    assert problem | volatile == expected | volatile
    assert set(disabled.headers.keys()) == set(unknown.headers.keys())


@pytest.mark.one_database
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
def test_invalid_login_names_the_field(
    client: Client, login: Any, expected: dict[str, str]
) -> None:
    response = client.post("auth/login", login)

    assert field_errors(response) == expected


@pytest.mark.one_database
@pytest.mark.parametrize("field", ["username", "password"])
def test_lone_surrogate_matches_no_password(client: Client, field: str) -> None:
    login = {"username": "ann", "password": PASSWORD} | {field: "a\ud800"}
    json_type = {"Content-Type": "application/json"}

    response = client.call("POST", "auth/login", data=dumps(login), headers=json_type)

    assert field_errors(response) == {f"#/{field}": "characters"}


@pytest.mark.one_database
def test_login_accepts_json_and_forms_only(client: Client) -> None:
    response = client.call("POST", "auth/login", data="ann", content_type="text/plain")

    assert_problem(response, 415, "unsupported-media-type")
