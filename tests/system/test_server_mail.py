"""Emails that a worker sends, and the log without their content."""

from collections.abc import Callable, Iterator
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask

from tests.helpers.client import API, PASSWORD
from tests.helpers.server import Server
from tests.helpers.smtp import Mailbox, token_in

Serve = Callable[..., Server]
ACCOUNT = {"email": "secret@example.org", "password": PASSWORD}
RESET = f"{API}/auth/password-reset"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """Return an SMTP server that accepts all emails."""
    created = Mailbox()
    yield created
    created.close()


@pytest.fixture
def mail_server(serving: Serve, mailbox: Mailbox) -> Callable[..., Server]:
    """Return a function that starts a server that sends emails."""
    mail = {"SMTP_URL": f"smtp://{mailbox.address}", "MAIL_FROM": "tasks@example.org"}
    return lambda **settings: serving(**mail | settings)


def test_worker_sends_emails_and_logs_no_content(
    mail_server: Serve, mailbox: Mailbox
) -> None:
    server = mail_server()
    created = server.call("POST", f"{API}/auth/register", ACCOUNT)
    verification = mailbox.next()
    requested = server.call("POST", f"{RESET}/request", {"email": ACCOUNT["email"]})
    token = token_in(mailbox.next())
    proof = {"token": token, "new_password": "an evening at the sea"}
    done = server.call("POST", f"{RESET}/complete", proof)

    logged = server.log.read_text()

    assert (created.status, requested.status, done.status) == (201, 202, 204)
    assert requested.body == b""
    assert "password reset" in logged
    secrets = {"secret@", token, token_in(verification), "evening"}
    assert [word for word in secrets if word in logged] == []


def test_rejected_email_logs_no_address(mail_server: Serve, mailbox: Mailbox) -> None:
    mailbox.response = "550 secret@example.org is unknown"
    server = mail_server()

    server.call("POST", f"{API}/auth/register", ACCOUNT)

    assert "secret@" not in server.wait_for_output("email failed")


def test_development_server_logs_the_email(serving: Serve) -> None:
    server = serving(ENVIRONMENT="development")

    server.call("POST", f"{API}/auth/register", ACCOUNT)

    logged = server.wait_for_output('"event": "email"')
    assert "verify-email/complete; the token is:" in logged
    assert "secret@example.org" in logged


def test_production_server_without_smtp_logs_no_email(serving: Serve) -> None:
    server = serving()

    requested = server.call("POST", f"{RESET}/request", {"email": ACCOUNT["email"]})
    server.stop()

    assert requested.status == 202
    assert server.entries("email") == []


def test_worker_serves_when_the_database_starts_later(
    mail_server: Serve, mailbox: Mailbox, make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    address = f"sqlite:///{tmp_path}/late.db"
    server = mail_server(DATABASE_URL=address)
    server.wait_for_output("database is not migrated")
    with make_app(database_url=address).app_context():
        flask_migrate.upgrade()

    created = server.call("POST", f"{API}/auth/register", ACCOUNT)

    assert created.status == 201
    assert mailbox.next()["To"] == ACCOUNT["email"]
