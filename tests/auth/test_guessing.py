"""Passwords are guessed ten times in a quarter of an hour, and no more."""

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from taskapi import clock, db
from taskapi.users.models import LoginAttempts
from tests.backstage import at, at_once, later, run
from tests.support import PASSWORD, Client, refused

MOST = 10
MAX_OF_ADDRESS = 100
QUARTER = 15 * 60
WRONG = "a guess in the dark"
HERE = "192.0.2.7"


def guess(
    client: Client, name: str, password: str = WRONG, ip: str = "127.0.0.1"
) -> TestResponse:
    """Try a password for an account, from an address."""
    body = {"username": name, "password": password}
    anyone = Client(client.app)
    return anyone.post("auth/login", body, environ_base={"REMOTE_ADDR": ip})


def guesses(client: Client, name: str, number: int = MOST) -> list[TestResponse]:
    """Try wrong passwords one after the other."""
    return [guess(client, name) for _ in range(number)]


def outcome(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json.get("code", "")


def without_id(answer: TestResponse) -> dict[str, object]:
    """Return a refusal without what differs each time."""
    return {n: v for n, v in answer.json.items() if n != "request_id"}


def counts(app: Flask) -> list[int]:
    """Return what is counted: account, address and both, the smallest first."""
    with app.app_context():
        return sorted(n for (n,) in db.read(select(LoginAttempts.number)))


def test_ten_guesses_are_answered_and_the_eleventh_is_not(ann: Client) -> None:
    answers = guesses(ann, "ann@example.org")

    over = guess(ann, "ann@example.org")

    assert {outcome(answer) for answer in answers} == {(401, "invalid-credentials")}
    refused(over, 429, "rate-limited")
    assert 0 < int(over.headers["Retry-After"]) <= QUARTER


def test_the_right_password_gets_the_same_answer_meanwhile(ann: Client) -> None:
    guesses(ann, "ann@example.org")

    wrong = guess(ann, "ann@example.org")
    right = guess(ann, "ann@example.org", PASSWORD)

    assert without_id(right) == without_id(wrong)
    refused(right, 429, "rate-limited")


def test_guesses_leave_other_accounts_and_living_sessions_alone(
    ann: Client, bob: Client
) -> None:
    guesses(ann, "ann@example.org")

    answer = guess(bob, "bob@example.org", PASSWORD)

    assert answer.status_code == 200
    assert ann.get("users/me").json == ann.user


def test_a_session_is_refreshed_while_its_account_is_guessed(ann: Client) -> None:
    guesses(ann, "ann@example.org")

    answer = ann.post("auth/refresh", {"refresh_token": ann.tokens["refresh_token"]})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(QUARTER - 10, 429), (QUARTER + 10, 200)],
    ids=["before", "after"],
)
def test_guessing_is_open_again_after_a_quarter_of_an_hour(
    ann: Client, seconds: int, status: int
) -> None:
    guesses(ann, "ann@example.org")

    with later(seconds):
        answer = guess(ann, "ann@example.org", PASSWORD)

    assert answer.status_code == status


def test_who_comes_back_when_told_is_heard(ann: Client) -> None:
    began = clock.now().timestamp()
    with at(began):
        guesses(ann, "ann@example.org")
    with at(began + 0.6):
        over = guess(ann, "ann@example.org", PASSWORD)

    with at(began + 0.6 + int(over.headers["Retry-After"])):
        answer = guess(ann, "ann@example.org", PASSWORD)

    assert [over.status_code, answer.status_code] == [429, 200]


def test_refused_guesses_do_not_make_the_wait_longer(ann: Client) -> None:
    guesses(ann, "ann@example.org")

    with later(QUARTER - 60):
        refusals = guesses(ann, "ann@example.org", 3)
    with later(QUARTER + 10):
        answer = guess(ann, "ann@example.org", PASSWORD)

    assert {outcome(refusal) for refusal in refusals} == {(429, "rate-limited")}
    assert answer.status_code == 200


def test_a_name_that_nobody_has_is_answered_alike(ann: Client) -> None:
    known = guesses(ann, "ann@example.org", MOST + 1)

    unknown = guesses(ann, "nobody", MOST + 1)

    assert [without_id(a) for a in unknown] == [without_id(a) for a in known]


def test_names_are_counted_in_their_folded_form(anyone: Client) -> None:
    guesses(anyone, "nobody")

    answer = guess(anyone, "NoBody")

    refused(answer, 429, "rate-limited")


def test_the_names_of_an_account_share_one_count(ann: Client) -> None:
    ann.patch("users/me", {"username": "anna"})
    guesses(ann, "anna", 5)
    guesses(ann, "ann@example.org", 5)

    answers = guess(ann, "anna"), guess(ann, "ANN@example.org", PASSWORD)

    assert [outcome(answer) for answer in answers] == [(429, "rate-limited")] * 2


def test_the_token_endpoint_shares_the_count(ann: Client) -> None:
    guesses(ann, "ann@example.org")
    form = {"grant_type": "password", "username": "ann@example.org"}

    answer = Client(ann.app).call(
        "POST", "auth/token", data=form | {"password": PASSWORD}
    )

    refused(answer, 429, "rate-limited")


def test_the_right_password_resets_the_count(ann: Client) -> None:
    guesses(ann, "ann@example.org", MOST - 1)

    right = guess(ann, "ann@example.org", PASSWORD)
    again = guesses(ann, "ann@example.org")

    assert right.status_code == 200
    assert {outcome(answer) for answer in again} == {(401, "invalid-credentials")}


def test_a_right_password_leaves_the_address_as_it_was(ann: Client) -> None:
    guesses(ann, "nobody", 3)

    guess(ann, "ann@example.org", PASSWORD)

    assert counts(ann.app) == [3, 3, 3]


def test_a_guess_is_counted_though_it_is_refused(ann: Client) -> None:
    guesses(ann, "ann@example.org", 4)

    assert counts(ann.app) == [4, 4, 4]


def test_an_address_is_heard_a_hundred_times(anyone: Client) -> None:
    first = [guess(anyone, f"nobody{n}", ip=HERE) for n in range(MAX_OF_ADDRESS)]

    over = guess(anyone, "somebody", ip=HERE)
    elsewhere = guess(anyone, "somebody")

    assert {outcome(answer) for answer in first} == {(401, "invalid-credentials")}
    refused(over, 429, "rate-limited")
    refused(elsewhere, 401, "invalid-credentials")


def test_guesses_that_come_together_do_not_slip_through(ann: Client) -> None:
    answers = at_once(*[lambda: guess(ann, "ann@example.org")] * 20)

    heard = [answer for answer in answers if answer.status_code == 401]
    assert len(heard) == MOST
    assert {outcome(answer) for answer in answers} == {
        (401, "invalid-credentials"),
        (429, "rate-limited"),
    }


def test_counts_name_neither_accounts_nor_addresses(ann: Client) -> None:
    guesses(ann, "somebody", 1)

    with ann.app.app_context():
        rows = db.read(select(LoginAttempts.subject))

    assert {len(subject) for (subject,) in rows} == {64}


def test_what_no_longer_counts_is_purged(ann: Client) -> None:
    guesses(ann, "ann@example.org", 1)

    with later(QUARTER + 10):
        run(ann.app, "purge")

    assert counts(ann.app) == []
