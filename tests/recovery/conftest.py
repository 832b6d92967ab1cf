"""An app that sends mail, and the server that takes it."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from taskapi import db
from tests.helpers.client import Client
from tests.helpers.smtp import Mailbox, emails, token_in

SENDER = "Tasks <tasks@example.org>"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """Return a mail server that takes what it gets."""
    made = Mailbox()
    yield made
    made.close()


@pytest.fixture
def app(
    app: Flask, make_app: Callable[..., Flask], mailbox: Mailbox
) -> Iterator[Flask]:
    """Return the app, with mail switched on."""
    url = app.extensions["settings"].database_url
    mail = {"smtp_url": f"smtp://{mailbox.address}", "mail_from": SENDER}
    made = make_app(database_url=url, **mail)
    yield made
    with made.app_context():
        db.database.engine.dispose()


@pytest.fixture
def ann(app: Flask, mailbox: Mailbox) -> Client:
    """Return Ann, who has logged in, and whose letters so far were thrown away."""
    client = Client(app, "ann").register().log_in()
    emails(client, mailbox)
    return client


@pytest.fixture
def token(ann: Client, mailbox: Mailbox) -> str:
    """Return a token to reset Ann's password."""
    return reset_token(ann, mailbox)


def reset_token(client: Client, mailbox: Mailbox) -> str:
    """Ask for a letter to reset a password, and return its token."""
    address = {"email": f"{client.name}@example.org"}
    assert client.post("auth/password-reset/request", address).status_code == 202
    *_, letter = emails(client, mailbox)
    return token_in(letter)
