"""Recipients: emails go to the stored address, and errors affect one email only."""

import re
from datetime import UTC, datetime
from string import ascii_letters, digits
from typing import Any, NamedTuple

import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st

from taskapi import db, maintenance
from taskapi.mail import smtp
from taskapi.mail.models import Kind, OutgoingEmail
from taskapi.mail.service import MAX_ATTEMPTS
from taskapi.mail.smtp import Content
from taskapi.recovery import templates
from taskapi.users.schemas import EMAIL
from tests.helpers.client import PASSWORD, Client, field_errors
from tests.helpers.clock import days, later
from tests.helpers.rows import count
from tests.helpers.smtp import Mailbox, emails, send

pytestmark = pytest.mark.one_database

ENCODED = "=?utf-8?q?victim=40example.org=3E?=@example.com"
ENCODED_WORDS = [
    ENCODED,
    "=?utf-8?b?dmljdGlt?=@example.com",
    "=?UTF-8?Q?=61?=@example.com",
    "a=?utf-8?q?b?=@example.com",
    "=?utf-8?q?b@example.com",
]
UNUSUAL = [
    "a=b@example.org",
    "a?=b?@example.org",
    "!#$%&'*+/=^_`{|}~-@example.org",
    "o'hara+tag@example.org",
    "1@2.example.org",
    "x@xn--bcher-kva.example",
]


ATEXT = st.sampled_from(f"{ascii_letters}{digits}!#$%&'*+/=?^_`{{|}}~-")
ATOMS = st.lists(st.text(ATEXT, min_size=1, max_size=20), min_size=1, max_size=3)
LABELS = st.lists(
    st.text(st.sampled_from(f"{ascii_letters}{digits}-"), min_size=1, max_size=63),
    min_size=2,
    max_size=3,
)
ADDRESSES = st.builds(
    lambda *parts: "@".join(map(".".join, parts)), ATOMS, LABELS
).filter(re.compile(EMAIL).fullmatch)


class Row(NamedTuple):
    """A stored email."""

    email: str
    id: int = 1
    attempts: int = 1
    created_at: datetime = datetime(2026, 11, 30, tzinfo=UTC)


def store(app: Flask, *emails: str) -> None:
    """Store due emails without validating their addresses."""
    with app.app_context(), db.transaction():
        for email in emails:
            db.session.add(OutgoingEmail(kind=Kind.NOTICE, email=email))


@pytest.mark.parametrize("email", ENCODED_WORDS)
@pytest.mark.parametrize(
    "path",
    ["auth/register", "auth/password-reset/request", "auth/verify-email/request"],
)
def test_encoded_word_in_an_address_is_rejected(
    anonymous: Client, path: str, email: str
) -> None:
    password = {"password": PASSWORD} if path == "auth/register" else {}

    response = anonymous.post(path, {"email": email} | password)

    assert field_errors(response) == {"#/email": "format"}


@pytest.mark.parametrize("email", ENCODED_WORDS)
def test_email_cannot_become_an_encoded_word(ann: Client, email: str) -> None:
    response = ann.patch("users/me", {"email": email, "current_password": PASSWORD})

    assert field_errors(response) == {"#/email": "format"}


def test_command_rejects_an_encoded_word(app: Flask) -> None:
    command = ["users", "create", "--email", ENCODED, "--password", PASSWORD]

    result = app.test_cli_runner().invoke(args=command)

    assert result.exit_code != 0
    assert count(app, "emails") == 0


@pytest.mark.parametrize("email", UNUSUAL)
def test_envelope_and_header_contain_the_stored_address(
    app: Flask, mailbox: Mailbox, email: str
) -> None:
    account = {"email": email, "password": "an evening at the sea"}
    stored = Client(app).post("auth/register", account)

    (sent,) = emails(Client(app), mailbox)

    assert stored.json["email"] == email
    assert mailbox.recipients == [email]
    assert sent["To"] == email


@given(ADDRESSES)
@example("a@a.aa")
def test_header_contains_every_accepted_address(email: str) -> None:
    message = smtp.build_message(
        Row(email), Content("Subject", "Body"), "t@example.org"
    )

    head = message.as_bytes().partition(b"\r\n\r\n")[0]
    assert f"To: {email}\r\n".encode() in head + b"\r\n"


def test_address_that_a_header_cannot_contain_stops_no_other_email(
    app: Flask, mailbox: Mailbox
) -> None:
    store(app, ENCODED, "bob@example.org", "x y@example.org", "cat@example.org")

    sent = send(app)

    assert sent == 2
    assert mailbox.recipients == ["bob@example.org", "cat@example.org"]
    assert count(app, "emails") == 2


@pytest.mark.parametrize("error", [RuntimeError, LookupError, UnicodeError, OSError])
def test_email_that_cannot_be_composed_stops_no_other(
    app: Flask,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
    capsys: pytest.CaptureFixture[str],
) -> None:
    compose = templates.compose

    def fail_for_ann(row: Any) -> Content | None:
        if row.email == "ann@example.org":
            raise error(f"cannot write to {row.email}")
        return compose(row)

    monkeypatch.setattr(templates, "compose", fail_for_ann)
    store(app, "ann@example.org", "bob@example.org")

    sent = send(app)

    assert (sent, mailbox.recipients) == (1, ["bob@example.org"])
    assert "ann@example.org" not in capsys.readouterr().out


def test_email_is_discarded_after_its_attempts(app: Flask, mailbox: Mailbox) -> None:
    store(app, ENCODED)
    minutes = [0, *(2 ** (n + 1) - 2 for n in range(1, MAX_ATTEMPTS))]
    stored = []

    for number in minutes:
        with later(number * 60 + 1):
            send(app)
        stored.append(count(app, "emails"))

    assert stored == [1] * (MAX_ATTEMPTS - 1) + [0]
    assert minutes[-1] * 60 < days(1)
    assert mailbox.recipients == []


def test_worker_continues_after_an_email_that_cannot_be_built(
    app: Flask, mailbox: Mailbox
) -> None:
    never = maintenance.Schedule(float("inf"), float("inf"))
    store(app, ENCODED, "bob@example.org")

    maintenance.run_due(app, never)

    assert mailbox.recipients == ["bob@example.org"]
