"""Requests for emails: equal responses, no waiting, a limit for each address."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.helpers.cli import run
from tests.helpers.client import Client, assert_problem, field_errors
from tests.helpers.clock import later
from tests.helpers.programs import free_port
from tests.helpers.rows import count
from tests.helpers.smtp import Mailbox, emails, send
from tests.recovery.conftest import SENDER

MAX_ATTEMPTS = 5
WINDOW_SECONDS = 15 * 60
RESET, VERIFICATION = "auth/password-reset/request", "auth/verify-email/request"
both = pytest.mark.parametrize("path", [RESET, VERIFICATION], ids=["reset", "verify"])


def request_email(client: Client, email: str, path: str = RESET) -> TestResponse:
    """Request an email, without credentials."""
    return Client(client.app).post(path, {"email": email})


def comparable(response: TestResponse) -> tuple[Any, ...]:
    """Return status, headers and body without what differs in each response."""
    own = {"X-Request-ID", "Retry-After"}
    headers = sorted(h for h in response.headers if h[0] not in own)
    body = (response.json or {}) if response.data else {}
    return response.status_code, headers, {**body, "request_id": ""}


@both
def test_unknown_address_returns_the_same_response(ann: Client, path: str) -> None:
    known = request_email(ann, "ann@example.org", path)

    unknown = request_email(ann, "eve@example.org", path)

    assert (known.status_code, known.data) == (202, b"")
    assert comparable(unknown) == comparable(known)
    assert "Content-Type" not in known.headers


@both
def test_unknown_address_costs_the_same_statements(
    ann: Client, path: str, statements: list[str]
) -> None:
    statements.clear()
    request_email(ann, "ann@example.org", path)
    known = list(statements)
    statements.clear()

    request_email(ann, "eve@example.org", path)

    assert statements == known
    assert len(known) == 2


@both
def test_unknown_address_receives_no_email_and_no_token(
    ann: Client, mailbox: Mailbox, path: str
) -> None:
    before = count(ann.app, "tokens")
    request_email(ann, "eve@example.org", path)

    received = emails(ann, mailbox)

    assert received == []
    assert (count(ann.app, "emails"), count(ann.app, "tokens")) == (0, before)


@both
def test_deactivated_account_receives_no_email(
    ann: Client, mailbox: Mailbox, path: str
) -> None:
    run(ann.app, "users", "deactivate", "ann@example.org")

    response = request_email(ann, "ann@example.org", path)

    assert response.status_code == 202
    assert emails(ann, mailbox) == []


@both
@pytest.mark.parametrize("email", ["ann@example.org", "eve@example.org"])
def test_address_receives_five_emails_in_15_minutes(
    anonymous: Client, path: str, email: str
) -> None:
    first = [request_email(anonymous, email, path) for _ in range(MAX_ATTEMPTS)]

    over = request_email(anonymous, email.upper(), path)
    other = request_email(anonymous, "bob@example.org", path)
    with later(WINDOW_SECONDS + 10):
        after = request_email(anonymous, email, path)

    assert {response.status_code for response in first} == {202}
    assert_problem(over, 429, "rate-limited")
    assert 0 < int(over.headers["Retry-After"]) <= WINDOW_SECONDS
    assert (other.status_code, after.status_code) == (202, 202)


def test_excess_requests_are_rejected_for_known_and_unknown_addresses(
    ann: Client,
) -> None:
    known = [request_email(ann, "ann@example.org") for _ in range(MAX_ATTEMPTS + 1)]

    unknown = [request_email(ann, "eve@example.org") for _ in range(MAX_ATTEMPTS + 1)]

    assert comparable(known[-1]) == comparable(unknown[-1])
    assert known[-1].status_code == 429


def test_email_changes_are_limited_per_address(ann: Client) -> None:
    password = {"current_password": "a long walk in the rain"}
    names = ["eve@example.org", "ann@example.org"] * (MAX_ATTEMPTS + 1)

    responses = [ann.patch("users/me", {"email": name} | password) for name in names]

    assert {response.status_code for response in responses} == {200}
    assert (
        count(ann.app, "emails") <= 2 * MAX_ATTEMPTS + 2 * MAX_ATTEMPTS
    )  # verifications and notices


def test_email_limit_does_not_prevent_registration(anonymous: Client) -> None:
    victim = {"email": "victim@example.org", "password": "a long walk in the rain"}
    [anonymous.post(RESET, {"email": victim["email"]}) for _ in range(MAX_ATTEMPTS + 1)]

    assert anonymous.post("auth/register", victim).status_code == 201


@pytest.mark.one_database
def test_response_is_the_same_without_mail(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    client = Client(app_with())

    responses = [client.post(RESET, {"email": "ann@example.org"}) for _ in range(9)]

    assert {response.status_code for response in responses} == {202}
    assert count(ann.app, "emails") == 0


@pytest.mark.one_database
def test_request_does_not_wait_for_the_mail_server(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    unreachable = app_with(smtp_url=f"smtp://127.0.0.1:{free_port()}", mail_from=SENDER)

    response = request_email(Client(unreachable), "ann@example.org")

    assert response.status_code == 202
    assert send(unreachable) == 0
    assert count(ann.app, "emails") == 1


@pytest.mark.one_database
@both
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"#/email": "required"}),
        ({"email": None}, {"#/email": "null"}),
        ({"email": "ann"}, {"#/email": "format"}),
        ({"email": "a@b.org, c@d.org"}, {"#/email": "format"}),
        ({"email": "a@b.org\r\nBcc: c@d.org"}, {"#/email": "control"}),
        ({"email": "a@b.org\nX: y"}, {"#/email": "control"}),
        ({"email": "ann@example.org", "to": "x"}, {"#/to": "unknown"}),
    ],
    ids=["none", "null", "word", "two", "crlf", "newline", "unknown"],
)
def test_invalid_address_receives_no_email(
    anonymous: Client, path: str, body: dict[str, Any], expected: dict[str, str]
) -> None:
    response = anonymous.post(path, body)

    assert field_errors(response) == expected
    assert count(anonymous.app, "emails") == 0
