"""Emails about invitations."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.helpers.client import Client, with_app
from tests.helpers.clock import later
from tests.helpers.rows import count, store_user
from tests.helpers.smtp import Mailbox, emails
from tests.helpers.sql import execute
from tests.invitations.support import (
    delete_account,
    expire,
    verified,
)
from tests.projects.support import add_member

pytestmark = pytest.mark.one_database

PUBLIC_URL = "https://tasks.example.org"
SUBJECT = "Invitation to a project"


@pytest.fixture
def with_mail(app_with: Callable[..., Flask], mailbox: Mailbox) -> Callable[..., Flask]:
    """Return a function that creates apps with emails."""

    def make(**settings: Any) -> Flask:
        mail = {"smtp_url": f"smtp://{mailbox.address}", "mail_from": "a@b.cc"}
        return app_with(**mail, public_url=PUBLIC_URL, **settings)

    return make


@pytest.fixture
def owner(ann: Client, with_mail: Callable[..., Flask]) -> Client:
    """Return Ann as the client of an app with emails."""
    return with_app(ann, with_mail())


def send_invitation(
    owner: Client, project: dict[str, Any], **fields: Any
) -> dict[str, Any]:
    response = owner.post(f"projects/{project['id']}/invitations", fields)
    assert response.status_code == 201, response.text
    invitation: dict[str, Any] = response.json
    return invitation


def test_email_names_the_inviter_and_the_server_only(
    owner: Client, project: dict[str, Any], mailbox: Mailbox
) -> None:
    owner.patch("users/me", {"full_name": "Ann Lee"})
    send_invitation(owner, project, email="dora@example.org")

    (email,) = emails(owner, mailbox)

    text = email.get_content()
    assert (email["To"], email["Subject"]) == ("dora@example.org", SUBJECT)
    assert f"ann invites you to a project at {PUBLIC_URL}." in text
    assert f"GET {PUBLIC_URL}/api/v1/invitations" in text
    assert not [word for word in ("Garden", "token", "Lee", "ann@") if word in text]


def test_email_links_to_the_application(
    ann: Client,
    project: dict[str, Any],
    mailbox: Mailbox,
    with_mail: Callable[..., Flask],
) -> None:
    client = with_app(ann, with_mail(app_url="https://app.example.org"))
    send_invitation(client, project, email="dora@example.org")

    (email,) = emails(client, mailbox)

    assert "  https://app.example.org/invitations" in email.get_content().splitlines()


def test_email_of_inviter_without_username_has_no_name(
    owner: Client, project: dict[str, Any], mailbox: Mailbox
) -> None:
    store_user(owner, username=None)
    send_invitation(owner, project, email="dora@example.org")

    (email,) = emails(owner, mailbox)

    assert "A user invites you" in email.get_content()
    assert "ann" not in email.get_content()


def recipients(client: Client, mailbox: Mailbox) -> list[str]:
    return [str(one["To"]) for one in emails(client, mailbox)]


def test_username_is_resolved_when_the_email_is_composed(
    owner: Client, bob: Client, project: dict[str, Any], mailbox: Mailbox
) -> None:
    send_invitation(owner, project, username="bob")
    store_user(bob, email="robert@example.org", email_verified=True)

    assert recipients(owner, mailbox) == ["robert@example.org"]


@pytest.mark.parametrize(
    "values",
    [{"email_verified": False}, {"is_active": False}, {"email": None}],
    ids=str,
)
def test_account_without_usable_email_gets_none(
    owner: Client,
    bob: Client,
    project: dict[str, Any],
    mailbox: Mailbox,
    values: dict[str, Any],
) -> None:
    store_user(bob, **({"email_verified": True} | values))
    send_invitation(owner, project, username="bob")

    assert recipients(owner, mailbox) == []
    assert count(owner.app, "emails") == 0


def test_unknown_username_gets_none(
    owner: Client, project: dict[str, Any], mailbox: Mailbox
) -> None:
    send_invitation(owner, project, username="dora")

    assert recipients(owner, mailbox) == []


@pytest.mark.parametrize("address", [{"username": "bob"}, {"email": "bob@example.org"}])
def test_member_gets_none(
    owner: Client,
    bob: Client,
    project: dict[str, Any],
    mailbox: Mailbox,
    address: dict[str, str],
) -> None:
    verified(bob)
    send_invitation(owner, project, **address)
    add_member(project, bob)

    assert recipients(owner, mailbox) == []


ENDS: dict[str, Callable[[Client, dict[str, Any]], object]] = {
    "revoked": lambda owner, one: owner.delete(f"invitations/{one['id']}"),
    "expired": lambda owner, one: expire(owner.app, one),
    "project deleted": lambda owner, one: owner.delete(f"projects/{one['project_id']}"),
    "inviter disabled": lambda owner, _: store_user(owner, is_active=False),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_ended_invitation_is_not_emailed(
    owner: Client,
    project: dict[str, Any],
    mailbox: Mailbox,
    end: Callable[[Client, dict[str, Any]], object],
) -> None:
    invitation = send_invitation(owner, project, email="dora@example.org")
    end(owner, invitation)

    assert recipients(owner, mailbox) == []
    assert count(owner.app, "emails") == 0


def test_deleted_inviter_sends_no_email(
    owner: Client, bob: Client, project: dict[str, Any], mailbox: Mailbox
) -> None:
    add_member(project, bob, "owner")
    send_invitation(owner, project, email="dora@example.org")
    delete_account(owner)

    assert recipients(owner, mailbox) == []


def test_invitation_with_token_is_not_emailed(
    owner: Client, project: dict[str, Any], mailbox: Mailbox
) -> None:
    send_invitation(owner, project)

    assert count(owner.app, "emails") == 0


def test_no_email_is_queued_without_a_mail_server(
    ann: Client, project: dict[str, Any]
) -> None:
    send_invitation(ann, project, email="dora@example.org")

    assert count(ann.app, "emails") == 0


def test_address_gets_five_invitations_in_15_minutes(
    owner: Client, mailbox: Mailbox
) -> None:
    for number in range(7):
        project = owner.post("projects", {"name": f"Field {number}"}).json
        send_invitation(owner, project, email="dora@example.org")

    sent = recipients(owner, mailbox)

    assert sent == ["dora@example.org"] * 5
    assert count(owner.app, "emails") == 0


def test_invitations_do_not_displace_other_emails(
    owner: Client, bob: Client, mailbox: Mailbox
) -> None:
    for number in range(6):
        project = owner.post("projects", {"name": f"Field {number}"}).json
        send_invitation(owner, project, email="bob@example.org")
    emails(owner, mailbox)

    reset = Client(owner.app).post(
        "auth/password-reset/request", {"email": "bob@example.org"}
    )

    assert reset.status_code == 202
    assert recipients(owner, mailbox) == ["bob@example.org"]


def test_email_that_failed_is_counted_once(
    owner: Client, project: dict[str, Any], mailbox: Mailbox
) -> None:
    send_invitation(owner, project, email="dora@example.org")
    mailbox.response = "451 later"
    for seconds in (0, 150, 500, 1200):
        with later(seconds):
            emails(owner, mailbox)
    mailbox.response = "250 OK"

    with later(3000):
        sent = recipients(owner, mailbox)

    assert sent == ["dora@example.org"]
    numbers = execute(owner.app, "SELECT number FROM login_attempts ORDER BY number")
    assert numbers == [(1,), (1,)]
