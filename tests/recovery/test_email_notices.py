"""The previous address of an account is notified of a change."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest
from flask import Flask

from tests.helpers.client import PASSWORD, Client, assert_problem
from tests.helpers.smtp import TOKEN, Mailbox, emails
from tests.recovery.conftest import SENDER

pytestmark = pytest.mark.one_database

OLD, NEW = "ann@example.org", "ann@new.example.org"
SUBJECT = "Your email address was changed"
RESET = "auth/password-reset/request"


def change(client: Client, email: str | None, verb: str = "PATCH") -> None:
    body = {"email": email, "current_password": PASSWORD, "username": "ann"}
    assert client.call(verb, "users/me", json=body).status_code == 200


def notices(client: Client, mailbox: Mailbox) -> list[EmailMessage]:
    return [one for one in emails(client, mailbox) if one["Subject"] == SUBJECT]


@pytest.mark.parametrize("verb", ["PATCH", "PUT"])
@pytest.mark.parametrize("email", [NEW, None], ids=["changed", "removed"])
def test_changed_email_notifies_the_previous_address(
    ann: Client, mailbox: Mailbox, email: str | None, verb: str
) -> None:
    change(ann, email, verb)

    (notice,) = notices(ann, mailbox)

    assert notice["To"] == OLD
    assert OLD in mailbox.recipients
    assert not TOKEN.search(notice.get_content())
    assert NEW not in notice.get_content()


def test_notice_contains_the_configured_url(
    ann: Client, mailbox: Mailbox, app_with: Callable[..., Flask]
) -> None:
    url = ann.app.extensions["settings"].smtp_url
    mail = {"smtp_url": url, "mail_from": SENDER}
    named = app_with(app_url="https://tasks.example.org", **mail)
    change(ann, NEW)

    (notice,) = notices(Client(named), mailbox)

    assert "at https://tasks.example.org was changed" in notice.get_content()


def test_links_use_no_host_of_a_request(ann: Client, mailbox: Mailbox) -> None:
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    request = ann.call("POST", RESET, json={"email": OLD}, headers=forged)

    (sent,) = emails(ann, mailbox)

    assert request.status_code == 202
    assert "evil" not in sent.as_string()


def test_first_email_of_an_account_notifies_no_address(
    app: Flask, mailbox: Mailbox
) -> None:
    account = {"username": "ann", "password": PASSWORD}
    ann = Client(app, "ann")
    ann.post("auth/register", account)
    ann.tokens = ann.post("auth/login", account).json

    change(ann, NEW)

    assert notices(ann, mailbox) == []


@pytest.mark.parametrize(
    "body",
    [
        {"email": NEW},
        {"email": NEW, "current_password": "a long walk in the sun"},
        {"email": "bob@example.org", "current_password": PASSWORD},
    ],
    ids=["no password", "wrong password", "taken"],
)
def test_rejected_change_notifies_no_address(
    ann: Client, bob: Client, mailbox: Mailbox, body: dict[str, str]
) -> None:
    emails(bob, mailbox)

    rejected = ann.patch("users/me", body)

    assert rejected.status_code in {409, 422}
    assert emails(ann, mailbox) == []


def test_requested_emails_do_not_displace_a_notice(
    ann: Client, mailbox: Mailbox
) -> None:
    requests = [ann.post(RESET, {"email": OLD}) for _ in range(6)]
    emails(ann, mailbox)

    change(ann, NEW)

    assert_problem(requests[-1], 429, "rate-limited")
    assert [notice["To"] for notice in notices(ann, mailbox)] == [OLD]
