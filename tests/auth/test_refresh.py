"""Refresh tokens are valid for one exchange; reuse ends the session."""

from typing import Any

import pytest
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from tests.auth.forged_tokens import FORGERIES, SAMPLE
from tests.auth.token_signing import INVALID_TOKEN, Forgery, access_of, refresh_of
from tests.helpers.cli import run
from tests.helpers.client import Client, another_session, assert_problem, field_errors
from tests.helpers.clock import at, days, later
from tests.helpers.concurrency import run_concurrently
from tests.helpers.rows import count, refresh_id, store_user

MALFORMED = [
    "trailing-newline",
    "trailing-tab",
    "trailing-space",
    "non-ascii",
    "word",
    "empty-parts",
    "jti-nul",
    "jti-surrogate",
    "jti-list",
    "sid-of-a-row",
    "sub-beyond-64-bits",
]


def refresh(client: Client) -> TestResponse:
    """Send the client's refresh token; the client keeps its tokens."""
    token = {"refresh_token": client.tokens["refresh_token"]}
    return Client(client.app).post("auth/refresh", token)


def refreshed(client: Client) -> Client:
    """Return a client of the same account with refreshed tokens."""
    after = Client(client.app, client.name)
    after.user, after.tokens = client.user, refresh(client).json
    return after


def test_refresh_returns_two_new_tokens(ann: Client) -> None:
    after = refreshed(ann)

    assert after.tokens.keys() == ann.tokens.keys()
    assert access_of(after).claims["jti"] != access_of(ann).claims["jti"]
    assert refresh_of(after).claims["jti"] != refresh_of(ann).claims["jti"]


def test_refresh_keeps_the_session(ann: Client) -> None:
    after = refreshed(ann)

    assert access_of(after).claims["sid"] == access_of(ann).claims["sid"]
    assert refresh_of(after).claims["sid"] == access_of(ann).claims["sid"]
    assert count(ann.app, "sessions") == 1


def test_new_tokens_and_the_old_access_token_are_valid(ann: Client) -> None:
    after = refreshed(ann)

    assert after.get("users/me").json == ann.user
    assert ann.get("users/me").json == ann.user
    assert refresh(after).status_code == 200


@pytest.mark.one_database
def test_refresh_is_not_cached(ann: Client) -> None:
    response = refresh(ann)

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"


def test_repeated_refresh_returns_the_same_tokens(ann: Client) -> None:
    after = refreshed(ann)

    with later(9):
        again = refreshed(ann)

    assert refresh_of(again).claims["jti"] == refresh_of(after).claims["jti"]
    assert again.get("users/me").json == ann.user


def test_old_token_ends_the_session_after_ten_seconds(ann: Client) -> None:
    after = refreshed(ann)

    with later(11):
        response = refresh(ann)

    assert_problem(response, 401, "session-revoked")
    assert response.headers["WWW-Authenticate"] == INVALID_TOKEN
    assert_problem(ann.get("users/me"), 401, "session-revoked")
    assert_problem(after.get("users/me"), 401, "session-revoked")
    assert_problem(refresh(after), 401, "session-revoked")


def test_token_two_exchanges_old_ends_the_session(ann: Client) -> None:
    after = refreshed(refreshed(ann))

    response = refresh(ann)

    assert_problem(response, 401, "session-revoked")
    assert_problem(after.get("users/me"), 401, "session-revoked")


def test_end_of_the_session_is_committed_despite_the_error(
    ann: Client,
) -> None:
    refreshed(refreshed(ann))

    response = refresh(ann)

    assert_problem(response, 401, "session-revoked")
    assert count(ann.app, "sessions") == 0


def test_stolen_token_ends_no_other_session(ann: Client, bob: Client) -> None:
    other = another_session(ann)
    refreshed(refreshed(ann))

    response = refresh(ann)

    assert_problem(response, 401, "session-revoked")
    assert other.get("users/me").json == ann.user
    assert refresh(other).status_code == 200
    assert bob.get("users/me").json == bob.user


def test_concurrent_refreshes_leave_one_valid_token(ann: Client) -> None:
    responses = run_concurrently(*[lambda: refresh(ann)] * 20)

    accepted = [response.json for response in responses if response.status_code == 200]
    after = Client(ann.app, "ann")
    after.tokens = accepted[0]
    assert len(accepted) == 2
    assert refresh_of(after).claims["jti"] == refresh_id(ann)
    assert refresh(after).status_code == 200


def test_previous_token_is_accepted_once_more_and_logged(ann: Client) -> None:
    refresh(ann)

    with capture_logs() as lines:
        responses = [refresh(ann), refresh(ann)]

    assert [response.status_code for response in responses] == [200, 401]
    assert_problem(responses[1], 401, "token-invalid")
    events = [line["event"] for line in lines if line["event"].startswith("refresh")]
    assert events == ["refresh token repeated", "refresh token repeated again"]


@pytest.mark.parametrize("seconds", [2, 9, 11])
def test_polling_the_previous_token_ends_the_session(ann: Client, seconds: int) -> None:
    issued = refresh_of(ann).claims["iat"]
    with at(issued):
        refresh(ann)
        refresh(ann)

    with at(issued + seconds):
        response = refresh(ann)

    assert_problem(response, 401, "session-revoked")
    assert count(ann.app, "sessions") == 0


def test_ended_session_is_not_refreshed(ann: Client) -> None:
    ann.post("auth/logout")

    response = refresh(ann)

    assert_problem(response, 401, "session-revoked")


def test_session_of_a_deactivated_account_is_not_refreshed(ann: Client) -> None:
    run(ann.app, "users", "deactivate", "ann@example.org")

    response = refresh(ann)

    assert_problem(response, 401, "session-revoked")


def test_deactivated_account_with_a_session_gets_no_tokens(
    ann: Client,
) -> None:
    store_user(ann, is_active=False)

    response = refresh(ann)

    assert_problem(response, 401, "session-revoked")


@pytest.mark.one_database
def test_refresh_token_is_valid_for_seven_days(ann: Client) -> None:
    issued = refresh_of(ann).claims["iat"]

    with at(issued + days(7) - 1):
        response = refresh(ann)

    assert response.status_code == 200


def test_refresh_token_expires(ann: Client) -> None:
    issued = refresh_of(ann).claims["iat"]

    with at(issued + days(7) + 11):
        response = refresh(ann)

    assert_problem(response, 401, "token-expired")


def test_refresh_extends_the_session(ann: Client) -> None:
    issued = refresh_of(ann).claims["iat"]

    with at(issued + days(6)):
        after = refreshed(ann)
    with at(issued + days(12)):
        response = refresh(after)

    assert response.status_code == 200


@pytest.mark.one_database
@pytest.mark.parametrize("forge", SAMPLE.values(), ids=SAMPLE)
def test_forged_refresh_token_ends_no_session(ann: Client, forge: Forgery) -> None:
    forged = {"refresh_token": forge(refresh_of(ann))}

    response = Client(ann.app).post("auth/refresh", forged)

    assert_problem(response, 401, "token-invalid")
    assert response.headers["WWW-Authenticate"] == INVALID_TOKEN
    assert refresh(ann).status_code == 200


@pytest.mark.one_database
@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_refresh_token_ends_no_session(ann: Client, name: str) -> None:
    forged = {"refresh_token": FORGERIES[name](refresh_of(ann))}

    response = Client(ann.app).post("auth/refresh", forged)

    assert_problem(response, 401, "token-invalid")
    assert refresh(ann).status_code == 200


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"#/refresh_token": "required"}),
        ({"refresh_token": ""}, {"#/refresh_token": "length"}),
        ({"refresh_token": None}, {"#/refresh_token": "null"}),
        ({"refresh_token": 7}, {"#/refresh_token": "type"}),
        ({"refresh_token": "x" * 2049}, {"#/refresh_token": "length"}),
        ({"refresh_token": "x", "all": True}, {"#/all": "unknown"}),
        ([], {"#": "type"}),
    ],
    ids=["missing", "empty", "null", "number", "long", "unknown-field", "list"],
)
def test_invalid_refresh_names_the_field(
    anonymous: Client, body: Any, expected: dict[str, str]
) -> None:
    response = anonymous.post("auth/refresh", body)

    assert field_errors(response) == expected


def test_refresh_needs_no_access_token(ann: Client) -> None:
    token = {"refresh_token": ann.tokens["refresh_token"]}
    expired = {"Authorization": "Bearer x.y.z"}

    response = Client(ann.app).post("auth/refresh", token, headers=expired)

    assert response.status_code == 200
