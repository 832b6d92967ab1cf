"""An app that sends emails."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from taskapi import db
from tests.helpers.client import Client
from tests.helpers.smtp import Mailbox, emails, token_in

SENDER = "Tasks <tasks@example.org>"


@pytest.fixture(scope="session")
def mail_apps(
    apps: dict[str, Flask], make_app: Callable[..., Flask], mail_server: Mailbox
) -> Iterator[dict[str, Flask]]:
    """Return an app on each kind of database, with mail switched on."""
    mail = {"smtp_url": f"smtp://{mail_server.address}", "mail_from": SENDER}
    made = {kind: make_app(kind, **mail) for kind in apps}
    yield made
    for app in made.values():
        with app.app_context():
            db.database.engine.dispose()


@pytest.fixture
def app(
    app: Flask,
    apps: dict[str, Flask],
    mail_apps: dict[str, Flask],
) -> Flask:
    """Return the app, with mail switched on."""
    (kind,) = (kind for kind in apps if apps[kind] is app)
    return mail_apps[kind]


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
