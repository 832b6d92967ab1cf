"""Where it is asked for, only verified emails log in."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.backstage import run, store_user
from tests.mailbox import Mailbox, letters, token_in
from tests.support import PASSWORD, Client, faults, refused

LOGIN = {"email": "ann@example.org", "password": PASSWORD}
WRONG = LOGIN | {"password": "a guess in the dark"}


@pytest.fixture
def strict(app: Flask, twin: Callable[..., Flask]) -> Flask:
    """Return the app with the setting on."""
    settings = app.extensions["settings"]
    mail = {"smtp_url": settings.smtp_url, "mail_from": settings.mail_from}
    return twin(require_verified_email=True, **mail)


@pytest.fixture
def newcomer(strict: Flask) -> Client:
    """Return Ann, who has an account there and no session yet."""
    return Client(strict, "ann").register()


def test_an_unverified_email_does_not_log_in(newcomer: Client) -> None:
    answer = newcomer.post("auth/login", LOGIN)

    refused(answer, 403, "email-not-verified")


def test_an_oauth_client_is_told_in_its_own_words(newcomer: Client) -> None:
    form = {"grant_type": "password", "username": "ann@example.org"}

    answer = newcomer.call("POST", "auth/token", data=form | {"password": PASSWORD})

    assert refused(answer, 403, "email-not-verified")["error"] == "invalid_grant"


def test_only_the_right_password_learns_of_it(newcomer: Client) -> None:
    answer = newcomer.post("auth/login", WRONG)

    refused(answer, 401, "invalid-credentials")


def test_waiting_for_the_letter_is_no_guessing(newcomer: Client) -> None:
    answers = [newcomer.post("auth/login", LOGIN) for _ in range(15)]

    assert {answer.status_code for answer in answers} == {403}


def test_a_verified_email_logs_in(newcomer: Client, mailbox: Mailbox) -> None:
    (letter,) = letters(newcomer, mailbox)

    newcomer.post("auth/verify-email/complete", {"token": token_in(letter)})

    assert newcomer.log_in().tokens


def test_a_registration_needs_an_email(strict: Flask) -> None:
    account = {"username": "ann", "password": PASSWORD}

    answer = Client(strict).post("auth/register", account)

    assert faults(answer) == {"#/email": "required"}


def test_the_email_cannot_be_removed(newcomer: Client) -> None:
    store_user(newcomer, email_verified=True, username="ann")
    newcomer.log_in()
    change: dict[str, Any] = {"email": None, "current_password": PASSWORD}

    answer = newcomer.patch("users/me", change)

    assert faults(answer) == {"#/email": "required"}


def test_a_changed_email_must_be_verified_before_the_next_login(
    newcomer: Client,
) -> None:
    store_user(newcomer, email_verified=True)
    newcomer.log_in()
    new = {"email": "cat@example.org", "current_password": PASSWORD}

    changed = newcomer.patch("users/me", new)

    again = Client(newcomer.app).post(
        "auth/login", LOGIN | {"email": "cat@example.org"}
    )
    assert changed.status_code == 200
    assert newcomer.get("users/me").status_code == 200
    refused(again, 403, "email-not-verified")


def test_the_operator_vouches_for_who_was_made_at_the_command_line(
    strict: Flask,
) -> None:
    run(strict, "users", "create", "--email", LOGIN["email"], "--password", PASSWORD)

    assert Client(strict, "ann").log_in().tokens


def test_an_account_that_never_had_an_email_logs_in(
    anyone: Client, strict: Flask
) -> None:
    account = {"username": "ann", "password": PASSWORD}
    anyone.post("auth/register", account)

    answer = Client(strict).post("auth/login", account)

    assert answer.status_code == 200
