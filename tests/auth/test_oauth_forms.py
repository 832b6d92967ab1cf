"""Clients of OAuth 2.0 log in and refresh with forms (RFC 6749)."""

from typing import Any

import pytest

from tests.auth.token_signing import refresh_of
from tests.helpers.cli import run
from tests.helpers.client import PASSWORD, Client, assert_problem, field_errors

pytestmark = pytest.mark.one_database

TOKENS = {"access_token", "refresh_token", "token_type", "expires_in"}
LOGIN = {"username": "ann@example.org", "password": PASSWORD}
WRONG = LOGIN | {"password": "a long walk in the sun"}
GRANT = {"grant_type": "password"}
BASIC = {"Authorization": "Basic Og=="}
LOGIN_PATHS = ["auth/login", "auth/token"]
TWO = ["a", "b"]
UNREADABLE: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "no-password": ("auth/login", {"username": "ann"}, {"#/password": "required"}),
    "no-name": ("auth/login", {"password": PASSWORD}, {"#": "required"}),
    "unknown-field": ("auth/login", LOGIN | {"otp": "1"}, {"#/otp": "unknown"}),
    "name-twice": (
        "auth/login",
        LOGIN | {"username": TWO},
        {"#/username": "repeated"},
    ),
    "no-refresh-token": ("auth/refresh", {}, {"#/refresh_token": "required"}),
    "no-grant": ("auth/token", LOGIN, {"#/grant_type": "required"}),
    "grant-alone": (
        "auth/token",
        GRANT,
        {"#/username": "required", "#/password": "required"},
    ),
    "grant-without-password": (
        "auth/token",
        GRANT | {"username": "ann"},
        {"#/password": "required"},
    ),
    "grant-without-refresh-token": (
        "auth/token",
        {"grant_type": "refresh_token"},
        {"#/refresh_token": "required"},
    ),
    "grant-with-unknown-field": (
        "auth/token",
        LOGIN | GRANT | {"otp": "1"},
        {"#/otp": "unknown"},
    ),
    "grant-twice": (
        "auth/token",
        LOGIN | {"grant_type": TWO},
        {"#/grant_type": "repeated"},
    ),
}


def send_form(client: Client, path: str, form: Any, **options: Any) -> Any:
    """Send a form without the client's token."""
    return Client(client.app).call("POST", path, data=form, **options)


@pytest.mark.parametrize("path", LOGIN_PATHS)
@pytest.mark.parametrize(
    "extras",
    [
        {},
        {"scope": ""},
        {"scope": "tasks:read tasks:write"},
        {"client_id": "", "client_secret": ""},
        {"client_id": "swagger", "client_secret": "x"},
    ],
    ids=["bare", "no-scope", "scope", "empty-client", "client"],
)
def test_login_form_accepts_members_of_oauth_clients(
    ann: Client, path: str, extras: dict[str, str]
) -> None:
    response = send_form(ann, path, LOGIN | GRANT | extras, headers=BASIC)

    ann.tokens = response.json
    assert response.status_code == 200
    assert ann.tokens.keys() == TOKENS
    assert response.headers["Cache-Control"] == "no-store"
    assert ann.get("users/me").json == ann.user


def test_login_form_needs_no_grant_type(ann: Client) -> None:
    response = send_form(ann, "auth/login", LOGIN)

    assert response.status_code == 200
    assert response.json.keys() == TOKENS


@pytest.mark.parametrize("path", ["auth/refresh", "auth/token"])
def test_form_refreshes_tokens(ann: Client, path: str) -> None:
    before = refresh_of(ann)
    form = {"grant_type": "refresh_token", "refresh_token": before.text}

    response = send_form(ann, path, form, headers=BASIC)

    ann.tokens = response.json
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert refresh_of(ann).claims["jti"] != before.claims["jti"]
    assert refresh_of(ann).claims["sid"] == before.claims["sid"]


@pytest.mark.parametrize("path", LOGIN_PATHS)
def test_wrong_form_login_is_an_invalid_grant(ann: Client, path: str) -> None:
    response = send_form(ann, path, WRONG | GRANT)

    problem = assert_problem(response, 401, "invalid-credentials")
    assert problem["error"] == "invalid_grant"
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", LOGIN_PATHS)
def test_disabled_account_is_an_invalid_grant(ann: Client, path: str) -> None:
    run(ann.app, "users", "deactivate", "ann@example.org")

    response = send_form(ann, path, LOGIN | GRANT)

    assert assert_problem(response, 403, "account-disabled")["error"] == "invalid_grant"


@pytest.mark.parametrize("path", ["auth/refresh", "auth/token"])
@pytest.mark.parametrize("kind", ["access", "word"])
def test_wrong_refresh_token_in_a_form_is_an_invalid_grant(
    ann: Client, path: str, kind: str
) -> None:
    text = {"access": ann.tokens["access_token"], "word": "abc"}[kind]
    form = {"grant_type": "refresh_token", "refresh_token": text}

    response = send_form(ann, path, form)

    assert assert_problem(response, 401, "token-invalid")["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("path", "form", "expected"), UNREADABLE.values(), ids=UNREADABLE
)
def test_malformed_form_is_an_invalid_request(
    anonymous: Client, path: str, form: dict[str, Any], expected: dict[str, str]
) -> None:
    response = anonymous.call(
        "POST", path, data=form, content_type="application/x-www-form-urlencoded"
    )

    assert field_errors(response) == expected
    assert response.json["error"] == "invalid_request"


@pytest.mark.parametrize("grant", ["client_credentials", "authorization_code", "", "x"])
def test_token_endpoint_supports_two_grants(anonymous: Client, grant: str) -> None:
    response = anonymous.call("POST", "auth/token", data=LOGIN | {"grant_type": grant})

    assert field_errors(response) == {"#/grant_type": "choice"}


def test_unknown_grant_is_an_unsupported_grant_type(anonymous: Client) -> None:
    form = LOGIN | {"grant_type": "client_credentials"}

    response = anonymous.call("POST", "auth/token", data=form)

    assert response.json["error"] == "unsupported_grant_type"


@pytest.mark.parametrize(
    "options",
    [{"json": LOGIN | GRANT}, {}, {"data": "a", "content_type": "text/plain"}],
    ids=["json", "nothing", "text"],
)
def test_token_endpoint_accepts_forms_only(
    ann: Client, options: dict[str, Any]
) -> None:
    response = Client(ann.app).call("POST", "auth/token", **options)

    problem = assert_problem(response, 415, "unsupported-media-type")
    assert "application/x-www-form-urlencoded" in problem["detail"]


@pytest.mark.parametrize("path", ["auth/login", "auth/refresh"])
def test_errors_of_json_requests_have_no_oauth_members(
    anonymous: Client, path: str
) -> None:
    body = {"auth/login": WRONG, "auth/refresh": {"refresh_token": "abc"}}[path]

    response = anonymous.post(path, body)

    assert response.status_code == 401
    assert "error" not in response.json
