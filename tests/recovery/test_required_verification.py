"""REQUIRE_VERIFIED_EMAIL: only accounts with a verified email can log in."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.helpers.cli import run
from tests.helpers.client import PASSWORD, Client, assert_problem, field_errors
from tests.helpers.rows import store_user
from tests.helpers.smtp import Mailbox, emails, token_in

pytestmark = pytest.mark.one_database

LOGIN = {"email": "ann@example.org", "password": PASSWORD}
WRONG = LOGIN | {"password": "a wrong password"}


@pytest.fixture
def strict(app: Flask, app_with: Callable[..., Flask]) -> Flask:
    """Return the app with REQUIRE_VERIFIED_EMAIL."""
    settings = app.extensions["settings"]
    mail = {"smtp_url": settings.smtp_url, "mail_from": settings.mail_from}
    return app_with(require_verified_email=True, **mail)


@pytest.fixture
def new_user(strict: Flask) -> Client:
    """Return a client with an account and without a session."""
    return Client(strict, "ann").register()


def test_unverified_email_cannot_log_in(new_user: Client) -> None:
    response = new_user.post("auth/login", LOGIN)

    assert_problem(response, 403, "email-not-verified")


def test_unverified_email_is_an_oauth_error_for_forms(new_user: Client) -> None:
    form = {"grant_type": "password", "username": "ann@example.org"}

    response = new_user.call("POST", "auth/token", data=form | {"password": PASSWORD})

    assert (
        assert_problem(response, 403, "email-not-verified")["error"] == "invalid_grant"
    )


def test_unverified_email_is_reported_after_the_correct_password(
    new_user: Client,
) -> None:
    response = new_user.post("auth/login", WRONG)

    assert_problem(response, 401, "invalid-credentials")


def test_unverified_login_is_not_counted_as_failed(new_user: Client) -> None:
    responses = [new_user.post("auth/login", LOGIN) for _ in range(15)]

    assert {response.status_code for response in responses} == {403}


def test_verified_email_logs_in(new_user: Client, mailbox: Mailbox) -> None:
    (email,) = emails(new_user, mailbox)

    new_user.post("auth/verify-email/complete", {"token": token_in(email)})

    assert new_user.log_in().tokens


def test_registration_requires_an_email(strict: Flask) -> None:
    account = {"username": "ann", "password": PASSWORD}

    response = Client(strict).post("auth/register", account)

    assert field_errors(response) == {"#/email": "required"}


def test_email_cannot_be_removed(new_user: Client) -> None:
    store_user(new_user, email_verified=True, username="ann")
    new_user.log_in()
    change: dict[str, Any] = {"email": None, "current_password": PASSWORD}

    response = new_user.patch("users/me", change)

    assert field_errors(response) == {"#/email": "required"}


def test_changed_email_must_be_verified_before_the_next_login(
    new_user: Client,
) -> None:
    store_user(new_user, email_verified=True)
    new_user.log_in()
    new = {"email": "cat@example.org", "current_password": PASSWORD}

    changed = new_user.patch("users/me", new)

    again = Client(new_user.app).post(
        "auth/login", LOGIN | {"email": "cat@example.org"}
    )
    assert changed.status_code == 200
    assert new_user.get("users/me").status_code == 200
    assert_problem(again, 403, "email-not-verified")


def test_account_created_by_command_is_verified(
    strict: Flask,
) -> None:
    run(strict, "users", "create", "--email", LOGIN["email"], "--password", PASSWORD)

    assert Client(strict, "ann").log_in().tokens


def test_account_that_never_had_an_email_logs_in(
    anonymous: Client, strict: Flask
) -> None:
    account = {"username": "ann", "password": PASSWORD}
    anonymous.post("auth/register", account)

    response = Client(strict).post("auth/login", account)

    assert response.status_code == 200
