"""Verification of email addresses by a token that is sent to them."""

from functools import partial

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.api_keys.clients import key_client
from tests.helpers.cli import run
from tests.helpers.client import PASSWORD, Client, assert_problem, field_errors
from tests.helpers.clock import later
from tests.helpers.concurrency import run_concurrently
from tests.helpers.rows import count, stored_user
from tests.helpers.smtp import Mailbox, emails, token_in

HOUR = 60 * 60
SUBJECT = "Verify your email address"


@pytest.fixture
def token(ann: Client, mailbox: Mailbox) -> str:
    """Return a token that verifies Ann's email."""
    ann.post("auth/verify-email/request", {"email": "ann@example.org"})
    (email,) = emails(ann, mailbox)
    return token_in(email)


def verify(client: Client, token: str) -> TestResponse:
    """Send a token, without credentials."""
    return Client(client.app).post("auth/verify-email/complete", {"token": token})


def is_verified(client: Client) -> bool:
    return bool(stored_user(client).email_verified)


def test_token_verifies_the_email(ann: Client, token: str) -> None:
    response = verify(ann, token)

    changed = ann.log_in().get("users/me")
    assert (response.status_code, response.data) == (204, b"")
    assert changed.json["email_verified"] is True
    assert changed.headers["ETag"] == f'"{ann.user["version"] + 1}"'


def test_first_verification_ends_earlier_sessions_and_keys(
    ann: Client, token: str
) -> None:
    script = key_client(ann)

    verify(ann, token)

    assert_problem(ann.get("users/me"), 401, "session-revoked")
    assert_problem(script.get("tasks"), 401, "api-key-invalid")
    old = {"refresh_token": ann.tokens["refresh_token"]}
    assert_problem(Client(ann.app).post("auth/refresh", old), 401, "session-revoked")


def test_registration_sends_a_verification_email(app: Flask, mailbox: Mailbox) -> None:
    bob = Client(app, "bob").register().log_in()

    (email,) = emails(bob, mailbox)

    assert (email["To"], email["Subject"]) == ("bob@example.org", SUBJECT)
    assert verify(bob, token_in(email)).status_code == 204
    assert is_verified(bob)


def test_registration_without_email_sends_no_email(
    anonymous: Client, mailbox: Mailbox
) -> None:
    anonymous.post("auth/register", {"username": "ann", "password": PASSWORD})

    received = emails(anonymous, mailbox)

    assert received == []


def test_rejected_registration_sends_no_email(ann: Client, mailbox: Mailbox) -> None:
    taken = {"email": "ann@example.org", "password": PASSWORD}
    assert ann.post("auth/register", taken).status_code == 409

    received = emails(ann, mailbox)

    assert received == []


def test_changed_email_is_verified_by_an_email_to_it(
    ann: Client, mailbox: Mailbox
) -> None:
    ann.patch(
        "users/me", {"email": "ann@new.example.org", "current_password": PASSWORD}
    )

    sent = {one["To"]: one for one in emails(ann, mailbox)}

    assert sent.keys() == {"ann@new.example.org", "ann@example.org"}
    assert verify(ann, token_in(sent["ann@new.example.org"])).status_code == 204
    assert is_verified(ann)


@pytest.mark.parametrize(
    "change",
    [
        {"full_name": "Ann Lee"},
        {"email": "ann@example.org"},
        {"username": "ann"},
    ],
    ids=["name", "same", "username"],
)
def test_other_change_sends_no_email(
    ann: Client, mailbox: Mailbox, change: dict[str, str]
) -> None:
    assert ann.patch("users/me", change).status_code == 200

    received = emails(ann, mailbox)

    assert received == []


def test_token_for_the_old_email_does_not_verify_the_new_one(
    ann: Client, token: str
) -> None:
    ann.patch(
        "users/me", {"email": "ann@new.example.org", "current_password": PASSWORD}
    )

    response = verify(ann, token)

    assert field_errors(response) == {"#/token": "wrong"}
    assert not is_verified(ann)


def test_password_change_keeps_the_token_valid(ann: Client, token: str) -> None:
    new = {"current_password": PASSWORD, "new_password": "four other random words"}
    ann.post("auth/password", new)

    response = verify(ann, token)

    assert response.status_code == 204


def test_token_is_valid_for_one_use(ann: Client, token: str) -> None:
    responses = run_concurrently(*[partial(verify, ann, token)] * 10)

    assert sorted(response.status_code for response in responses) == [204, *[422] * 9]


def test_token_is_valid_for_a_day(ann: Client, token: str) -> None:
    with later(25 * HOUR):
        late = verify(ann, token)
    with later(23 * HOUR):
        in_time = verify(ann, token)

    assert field_errors(late) == {"#/token": "wrong"}
    assert in_time.status_code == 204


def test_reset_token_verifies_no_email(ann: Client, mailbox: Mailbox) -> None:
    ann.post("auth/password-reset/request", {"email": "ann@example.org"})
    (email,) = emails(ann, mailbox)

    response = verify(ann, token_in(email))

    assert field_errors(response) == {"#/token": "wrong"}
    assert not is_verified(ann)


def test_verified_address_receives_no_email(
    ann: Client, mailbox: Mailbox, token: str
) -> None:
    verify(ann, token)
    request = ann.post("auth/verify-email/request", {"email": "ann@example.org"})

    received = emails(ann, mailbox)

    assert request.status_code == 202
    assert received == []


def test_account_created_by_command_is_verified(app: Flask, mailbox: Mailbox) -> None:
    options = ["--email", "root@example.org", "--password", PASSWORD]
    run(app, "users", "create", *options)

    root = Client(app, "root").log_in()

    assert root.get("users/me").json["email_verified"]
    assert count(app, "emails") == 0
