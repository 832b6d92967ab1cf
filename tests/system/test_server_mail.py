"""A worker sends the letters by itself, and its log keeps what they say."""

from collections.abc import Callable, Iterator
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask

from tests.helpers.client import API, PASSWORD
from tests.helpers.server import Server
from tests.helpers.smtp import Mailbox, token_in

Serve = Callable[..., Server]
ACCOUNT = {"email": "planted@example.org", "password": PASSWORD}
RESET = f"{API}/auth/password-reset"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """Return a mail server that takes what it gets."""
    made = Mailbox()
    yield made
    made.close()


@pytest.fixture
def mailing(serving: Serve, mailbox: Mailbox) -> Callable[..., Server]:
    """Return a starter of servers that send mail."""
    mail = {"SMTP_URL": f"smtp://{mailbox.address}", "MAIL_FROM": "tasks@example.org"}
    return lambda **settings: serving(**mail | settings)


def test_worker_sends_emails_and_logs_no_content(
    mailing: Serve, mailbox: Mailbox
) -> None:
    server = mailing()
    made = server.call("POST", f"{API}/auth/register", ACCOUNT)
    verification = mailbox.next()
    asked = server.call("POST", f"{RESET}/request", {"email": ACCOUNT["email"]})
    token = token_in(mailbox.next())
    proof = {"token": token, "new_password": "an evening at the sea"}
    done = server.call("POST", f"{RESET}/complete", proof)

    logged = server.log.read_text()

    assert (made.status, asked.status, done.status) == (201, 202, 204)
    assert asked.body == b""
    assert "password reset" in logged
    planted = {"planted", token, token_in(verification), "evening"}
    assert [word for word in planted if word in logged] == []


def test_rejected_email_logs_no_address(mailing: Serve, mailbox: Mailbox) -> None:
    mailbox.response = "550 planted@example.org is nobody here"
    server = mailing()

    server.call("POST", f"{API}/auth/register", ACCOUNT)

    assert "planted" not in server.wait_for_output("email failed")


def test_in_development_the_letter_is_in_the_log(serving: Serve) -> None:
    server = serving(ENVIRONMENT="development")

    server.call("POST", f"{API}/auth/register", ACCOUNT)

    logged = server.wait_for_output('"event": "email"')
    assert "verify-email/complete; the token is:" in logged
    assert "planted@example.org" in logged


def test_without_mail_production_logs_no_letter(serving: Serve) -> None:
    server = serving()

    asked = server.call("POST", f"{RESET}/request", {"email": ACCOUNT["email"]})
    server.stop()

    assert asked.status == 202
    assert server.entries("email") == []


def test_worker_serves_when_the_database_starts_later(
    mailing: Serve, mailbox: Mailbox, make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    address = f"sqlite:///{tmp_path}/late.db"
    server = mailing(DATABASE_URL=address)
    server.wait_for_output("maintenance postponed")
    with make_app(database_url=address).app_context():
        flask_migrate.upgrade()

    made = server.call("POST", f"{API}/auth/register", ACCOUNT)

    assert made.status == 201
    assert mailbox.next()["To"] == ACCOUNT["email"]
