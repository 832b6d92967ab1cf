"""An app that sends emails, and an SMTP server."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from taskapi import db
from tests.helpers.client import Client
from tests.helpers.smtp import Mailbox, emails, token_in

SENDER = "Tasks <tasks@example.org>"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """Return an SMTP server that accepts all emails."""
    mailbox = Mailbox()
    yield mailbox
    mailbox.close()


@pytest.fixture
def app(
    app: Flask, make_app: Callable[..., Flask], mailbox: Mailbox
) -> Iterator[Flask]:
    """Return the app with emails enabled."""
    url = app.extensions["settings"].database_url
    mail = {"smtp_url": f"smtp://{mailbox.address}", "mail_from": SENDER}
    made = make_app(database_url=url, **mail)
    yield made
    with made.app_context():
        db.database.engine.dispose()


@pytest.fixture
def ann(app: Flask, mailbox: Mailbox) -> Client:
    """Return a client that is logged in as Ann, after her first emails arrived."""
    client = Client(app, "ann").register().log_in()
    emails(client, mailbox)
    return client


@pytest.fixture
def token(ann: Client, mailbox: Mailbox) -> str:
    """Return a token to reset Ann's password."""
    return reset_token(ann, mailbox)


def reset_token(client: Client, mailbox: Mailbox) -> str:
    """Request an email to reset a password, and return its token."""
    address = {"email": f"{client.name}@example.org"}
    assert client.post("auth/password-reset/request", address).status_code == 202
    *_, email = emails(client, mailbox)
    return token_in(email)
