"""Throttling of login attempts: ten wrong passwords in 15 minutes."""

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from taskapi import clock, db
from taskapi.users.models import LoginAttempts
from tests.helpers.cli import run
from tests.helpers.client import PASSWORD, Client, assert_problem
from tests.helpers.clock import at, later
from tests.helpers.concurrency import run_concurrently

MAX_ATTEMPTS = 10
MAX_ATTEMPTS_PER_ADDRESS = 100
WINDOW_SECONDS = 15 * 60
WRONG = "a wrong password"
HERE = "192.0.2.7"


def attempt_login(
    client: Client, name: str, password: str = WRONG, ip: str = "127.0.0.1"
) -> TestResponse:
    """Try a password for an account, from an address."""
    body = {"username": name, "password": password}
    anonymous = Client(client.app)
    return anonymous.post("auth/login", body, environ_base={"REMOTE_ADDR": ip})


def attempt_logins(
    client: Client, name: str, number: int = MAX_ATTEMPTS
) -> list[TestResponse]:
    """Send wrong passwords sequentially."""
    return [attempt_login(client, name) for _ in range(number)]


def outcome(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.json.get("code", "")


def without_id(response: TestResponse) -> dict[str, object]:
    """Return an error response without its request id."""
    return {n: v for n, v in response.json.items() if n != "request_id"}


def counts(app: Flask) -> list[int]:
    """Return the counters of account, address and both, sorted."""
    with app.app_context():
        return sorted(n for (n,) in db.read(select(LoginAttempts.number)))


def test_eleventh_wrong_password_is_rejected(ann: Client) -> None:
    responses = attempt_logins(ann, "ann@example.org")

    over = attempt_login(ann, "ann@example.org")

    assert {outcome(response) for response in responses} == {
        (401, "invalid-credentials")
    }
    assert_problem(over, 429, "rate-limited")
    assert 0 < int(over.headers["Retry-After"]) <= WINDOW_SECONDS


def test_correct_password_is_rejected_while_locked(ann: Client) -> None:
    attempt_logins(ann, "ann@example.org")

    wrong = attempt_login(ann, "ann@example.org")
    correct = attempt_login(ann, "ann@example.org", PASSWORD)

    assert without_id(correct) == without_id(wrong)
    assert_problem(correct, 429, "rate-limited")


def test_attempts_do_not_affect_other_accounts_and_sessions(
    ann: Client, bob: Client
) -> None:
    attempt_logins(ann, "ann@example.org")

    response = attempt_login(bob, "bob@example.org", PASSWORD)

    assert response.status_code == 200
    assert ann.get("users/me").json == ann.user


def test_session_is_refreshed_while_its_account_is_locked(ann: Client) -> None:
    attempt_logins(ann, "ann@example.org")

    response = ann.post("auth/refresh", {"refresh_token": ann.tokens["refresh_token"]})

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(WINDOW_SECONDS - 10, 429), (WINDOW_SECONDS + 10, 200)],
    ids=["before", "after"],
)
def test_login_is_possible_again_after_15_minutes(
    ann: Client, seconds: int, status: int
) -> None:
    attempt_logins(ann, "ann@example.org")

    with later(seconds):
        response = attempt_login(ann, "ann@example.org", PASSWORD)

    assert response.status_code == status


def test_login_succeeds_after_retry_after(ann: Client) -> None:
    began = clock.now().timestamp()
    with at(began):
        attempt_logins(ann, "ann@example.org")
    with at(began + 0.6):
        over = attempt_login(ann, "ann@example.org", PASSWORD)

    with at(began + 0.6 + int(over.headers["Retry-After"])):
        response = attempt_login(ann, "ann@example.org", PASSWORD)

    assert [over.status_code, response.status_code] == [429, 200]


def test_rejected_attempts_do_not_extend_the_lock(ann: Client) -> None:
    attempt_logins(ann, "ann@example.org")

    with later(WINDOW_SECONDS - 60):
        errors = attempt_logins(ann, "ann@example.org", 3)
    with later(WINDOW_SECONDS + 10):
        response = attempt_login(ann, "ann@example.org", PASSWORD)

    assert {outcome(error) for error in errors} == {(429, "rate-limited")}
    assert response.status_code == 200


def test_unknown_name_returns_the_same_responses(ann: Client) -> None:
    known = attempt_logins(ann, "ann@example.org", MAX_ATTEMPTS + 1)

    unknown = attempt_logins(ann, "unknown", MAX_ATTEMPTS + 1)

    assert [without_id(a) for a in unknown] == [without_id(a) for a in known]


def test_names_are_counted_in_their_folded_form(anonymous: Client) -> None:
    attempt_logins(anonymous, "unknown")

    response = attempt_login(anonymous, "UnKnown")

    assert_problem(response, 429, "rate-limited")


def test_email_and_username_share_one_count(ann: Client) -> None:
    ann.patch("users/me", {"username": "anna"})
    attempt_logins(ann, "anna", 5)
    attempt_logins(ann, "ann@example.org", 5)

    responses = (
        attempt_login(ann, "anna"),
        attempt_login(ann, "ANN@example.org", PASSWORD),
    )

    assert [outcome(response) for response in responses] == [(429, "rate-limited")] * 2


def test_token_endpoint_shares_the_count(ann: Client) -> None:
    attempt_logins(ann, "ann@example.org")
    form = {"grant_type": "password", "username": "ann@example.org"}

    response = Client(ann.app).call(
        "POST", "auth/token", data=form | {"password": PASSWORD}
    )

    assert_problem(response, 429, "rate-limited")


def test_correct_password_resets_the_count(ann: Client) -> None:
    attempt_logins(ann, "ann@example.org", MAX_ATTEMPTS - 1)

    correct = attempt_login(ann, "ann@example.org", PASSWORD)
    again = attempt_logins(ann, "ann@example.org")

    assert correct.status_code == 200
    assert {outcome(response) for response in again} == {(401, "invalid-credentials")}


def test_correct_password_keeps_the_count_of_the_address(ann: Client) -> None:
    attempt_logins(ann, "unknown", 3)

    attempt_login(ann, "ann@example.org", PASSWORD)

    assert counts(ann.app) == [3, 3, 3]


def test_attempt_is_counted_although_it_is_rejected(ann: Client) -> None:
    attempt_logins(ann, "ann@example.org", 4)

    assert counts(ann.app) == [4, 4, 4]


@pytest.mark.one_database
def test_address_is_limited_to_a_hundred_attempts(anonymous: Client) -> None:
    first = [
        attempt_login(anonymous, f"unknown{n}", ip=HERE)
        for n in range(MAX_ATTEMPTS_PER_ADDRESS)
    ]

    over = attempt_login(anonymous, "other", ip=HERE)
    elsewhere = attempt_login(anonymous, "other")

    assert {outcome(response) for response in first} == {(401, "invalid-credentials")}
    assert_problem(over, 429, "rate-limited")
    assert_problem(elsewhere, 401, "invalid-credentials")


def test_concurrent_attempts_do_not_evade_the_limit(ann: Client) -> None:
    responses = run_concurrently(*[lambda: attempt_login(ann, "ann@example.org")] * 20)

    checked = [response for response in responses if response.status_code == 401]
    assert len(checked) == MAX_ATTEMPTS
    assert {outcome(response) for response in responses} == {
        (401, "invalid-credentials"),
        (429, "rate-limited"),
    }


def test_counters_contain_no_names_and_no_addresses(ann: Client) -> None:
    attempt_logins(ann, "other", 1)

    with ann.app.app_context():
        rows = db.read(select(LoginAttempts.subject))

    assert {len(subject) for (subject,) in rows} == {64}


def test_expired_counters_are_purged(ann: Client) -> None:
    attempt_logins(ann, "ann@example.org", 1)

    with later(WINDOW_SECONDS + 10):
        run(ann.app, "purge")

    assert counts(ann.app) == []
