"""Validation of access tokens."""

import pytest

from tests.auth.token_signing import (
    INVALID_TOKEN,
    access_of,
    call_with,
    token,
    with_claims,
)
from tests.helpers.client import Client, assert_problem
from tests.helpers.clock import at
from tests.helpers.rows import store_user

pytestmark = pytest.mark.one_database


def test_token_signed_with_the_secret_is_accepted(ann: Client) -> None:
    valid = access_of(ann)

    response = call_with(ann, token(valid.header, valid.claims))

    assert response.status_code == 200
    assert response.json["id"] == ann.user["id"]


@pytest.mark.parametrize(
    ("claim", "seconds"), [("iat", -9), ("exp", 9)], ids=["behind", "ahead"]
)
def test_clock_difference_of_nine_seconds_is_tolerated(
    ann: Client, claim: str, seconds: int
) -> None:
    start = access_of(ann).claims[claim]

    with at(start + seconds):
        response = ann.get("users/me")

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("claim", "seconds", "code"),
    [("iat", -11, "token-invalid"), ("exp", 11, "token-expired")],
    ids=["behind", "ahead"],
)
def test_clock_difference_of_eleven_seconds_is_rejected(
    ann: Client, claim: str, seconds: int, code: str
) -> None:
    start = access_of(ann).claims[claim]

    with at(start + seconds):
        response = ann.get("users/me")

    assert_problem(response, 401, code)


def test_verified_token_expires(ann: Client) -> None:
    before = ann.get("users/me")

    with at(access_of(ann).claims["exp"] + 10):
        after = ann.get("users/me")

    assert before.status_code == 200
    assert_problem(after, 401, "token-expired")


def test_access_token_is_valid_for_30_minutes(ann: Client) -> None:
    claims = access_of(ann).claims

    lifetime = claims["exp"] - claims["iat"]

    assert lifetime == ann.tokens["expires_in"] == 30 * 60


def test_token_with_the_session_of_another_user_is_rejected(
    ann: Client, bob: Client
) -> None:
    forge = with_claims(sub=str(bob.user["id"]))

    response = call_with(ann, forge(access_of(ann)))

    assert_problem(response, 401, "session-revoked")
    assert response.headers["WWW-Authenticate"] == INVALID_TOKEN


def test_role_is_read_from_the_database(ann: Client) -> None:
    claims = {"role": "admin", "is_active": True, "email_verified": True}

    response = call_with(ann, with_claims(**claims)(access_of(ann)))

    assert response.json == ann.user


def test_token_of_a_deactivated_account_is_rejected(ann: Client) -> None:
    store_user(ann, is_active=False)

    response = ann.get("users/me")

    assert_problem(response, 401, "session-revoked")
    assert response.headers["WWW-Authenticate"] == INVALID_TOKEN
