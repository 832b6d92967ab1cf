"""Claims and lifetimes of issued tokens."""

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask

from tests.auth.token_signing import (
    SECRET,
    TokenPair,
    access_of,
    call_with,
    key_id,
    refresh_of,
    token,
    with_claims,
)
from tests.helpers.client import Client, assert_problem

CLAIMS = {"fresh", "iss", "aud", "sub", "sid", "jti", "type", "iat", "exp"}
LEAP_YEAR = 366 * 24 * 3600
DAY = 24 * 3600
KINDS = {"access": access_of, "refresh": refresh_of}

each_kind = pytest.mark.parametrize(("kind", "read"), KINDS.items(), ids=KINDS)


def lifetime(valid: TokenPair) -> int:
    return int(valid.claims["exp"] - valid.claims["iat"])


def with_lifetime(valid: TokenPair, seconds: int) -> str:
    """Return a token of the same session with another lifetime."""
    return token(valid.header, valid.claims | {"exp": valid.claims["iat"] + seconds})


@pytest.mark.one_database
@each_kind
def test_token_has_exactly_these_claims(
    ann: Client, kind: str, read: Callable[[Client], TokenPair]
) -> None:
    valid = read(ann)

    assert valid.header == {"alg": "HS256", "typ": "JWT", "kid": key_id(SECRET)}
    assert set(valid.claims) == CLAIMS
    assert (valid.claims["iss"], valid.claims["aud"]) == ("taskapi", "taskapi")
    assert (valid.claims["sub"], valid.claims["type"]) == (str(ann.user["id"]), kind)


@pytest.mark.one_database
def test_refresh_token_is_valid_for_a_week(ann: Client) -> None:
    assert lifetime(refresh_of(ann)) == 7 * DAY


@pytest.mark.one_database
def test_token_lifetimes_follow_the_settings(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    there = Client(
        app_with(access_token_minutes=5, refresh_token_days=3), "ann"
    ).log_in()

    assert there.tokens["expires_in"] == lifetime(access_of(there)) == 300
    assert lifetime(refresh_of(there)) == 3 * DAY


def test_session_expires_with_its_refresh_token(ann: Client) -> None:
    shown = ann.get("auth/sessions").json["items"][0]

    ends = datetime.fromisoformat(shown["expires_at"]).timestamp()
    assert abs(ends - refresh_of(ann).claims["exp"]) <= 1


@pytest.mark.one_database
@pytest.mark.parametrize("seconds", [1, LEAP_YEAR], ids=["second", "leap-year"])
def test_token_lifetime_is_between_a_second_and_a_leap_year(
    ann: Client, seconds: int
) -> None:
    response = call_with(ann, with_lifetime(access_of(ann), seconds))

    assert response.status_code == 200


@pytest.mark.one_database
@pytest.mark.parametrize("seconds", [0, LEAP_YEAR + 1], ids=["not-at-all", "longer"])
def test_token_with_another_lifetime_is_rejected(ann: Client, seconds: int) -> None:
    response = call_with(ann, with_lifetime(access_of(ann), seconds))

    assert_problem(response, 401, "token-invalid")


@pytest.mark.one_database
@pytest.mark.parametrize("session_id", [0, -1, -(2**63), -(2**63) - 1])
def test_session_id_below_one_is_rejected(ann: Client, session_id: int) -> None:
    response = call_with(ann, with_claims(sid=session_id)(access_of(ann)))

    assert_problem(response, 401, "token-invalid")


def test_largest_ids_are_accepted(ann: Client) -> None:
    largest = with_claims(sub=str(2**63 - 1))

    response = call_with(ann, largest(access_of(ann)))

    assert_problem(response, 401, "session-revoked")


@pytest.fixture
def three(app: Flask) -> list[Client]:
    """Return clients of three accounts, the oldest account first."""
    return [Client(app, name).register().log_in() for name in ("ann", "bob", "cat")]


@pytest.mark.parametrize("other", [0, 2], ids=["before", "after"])
def test_session_is_not_valid_for_another_account(
    three: list[Client], other: int
) -> None:
    forge = with_claims(sub=str(three[other].user["id"]))

    response = call_with(three[1], forge(access_of(three[1])))

    assert_problem(response, 401, "session-revoked")


@pytest.mark.parametrize("other", [0, 2], ids=["before", "after"])
def test_session_is_not_refreshed_for_another_account(
    three: list[Client], other: int
) -> None:
    forge = with_claims(sub=str(three[other].user["id"]))
    forged = {"refresh_token": forge(refresh_of(three[1]))}

    response = three[1].post("auth/refresh", forged)

    assert_problem(response, 401, "session-revoked")
    assert three[1].get("users/me").json == three[1].user
