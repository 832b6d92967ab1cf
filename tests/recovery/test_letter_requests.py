"""A request for a letter tells nothing, waits for nothing, and bombs nobody."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.backstage import count, later, run
from tests.mailbox import Mailbox, letters, send
from tests.support import Client, faults, refused

MOST = 5
QUARTER = 15 * 60
RESET, VERIFICATION = "auth/password-reset/request", "auth/verify-email/request"
both = pytest.mark.parametrize("path", [RESET, VERIFICATION], ids=["reset", "verify"])


def ask(client: Client, email: str, path: str = RESET) -> TestResponse:
    """Ask for a letter, without credentials."""
    return Client(client.app).post(path, {"email": email})


def seen(answer: TestResponse) -> tuple[Any, ...]:
    """Return what a caller sees, without what differs each time."""
    own = {"X-Request-ID", "Retry-After"}
    headers = sorted(h for h in answer.headers if h[0] not in own)
    body = (answer.json or {}) if answer.data else {}
    return answer.status_code, headers, {**body, "request_id": ""}


@both
def test_an_unknown_address_is_answered_like_a_known_one(
    ann: Client, path: str
) -> None:
    known = ask(ann, "ann@example.org", path)

    unknown = ask(ann, "eve@example.org", path)

    assert (known.status_code, known.data) == (202, b"")
    assert seen(unknown) == seen(known)
    assert "Content-Type" not in known.headers


@both
def test_an_unknown_address_costs_the_same_statements(
    ann: Client, path: str, statements: list[str]
) -> None:
    statements.clear()
    ask(ann, "ann@example.org", path)
    known = list(statements)
    statements.clear()

    ask(ann, "eve@example.org", path)

    assert statements == known
    assert len(known) == 2


@both
def test_an_unknown_address_gets_neither_letter_nor_token(
    ann: Client, mailbox: Mailbox, path: str
) -> None:
    before = count(ann.app, "tokens")
    ask(ann, "eve@example.org", path)

    came = letters(ann, mailbox)

    assert came == []
    assert (count(ann.app, "letters"), count(ann.app, "tokens")) == (0, before)


@both
def test_a_closed_account_gets_no_letter(
    ann: Client, mailbox: Mailbox, path: str
) -> None:
    run(ann.app, "users", "deactivate", "ann@example.org")

    answer = ask(ann, "ann@example.org", path)

    assert answer.status_code == 202
    assert letters(ann, mailbox) == []


@both
@pytest.mark.parametrize("email", ["ann@example.org", "eve@example.org"])
def test_an_address_gets_five_letters_in_a_quarter_of_an_hour(
    anyone: Client, path: str, email: str
) -> None:
    first = [ask(anyone, email, path) for _ in range(MOST)]

    over = ask(anyone, email.upper(), path)
    other = ask(anyone, "bob@example.org", path)
    with later(QUARTER + 10):
        after = ask(anyone, email, path)

    assert {answer.status_code for answer in first} == {202}
    refused(over, 429, "rate-limited")
    assert 0 < int(over.headers["Retry-After"]) <= QUARTER
    assert (other.status_code, after.status_code) == (202, 202)


def test_too_many_requests_are_refused_alike_for_known_and_unknown(
    ann: Client,
) -> None:
    known = [ask(ann, "ann@example.org") for _ in range(MOST + 1)]

    unknown = [ask(ann, "eve@example.org") for _ in range(MOST + 1)]

    assert seen(known[-1]) == seen(unknown[-1])
    assert known[-1].status_code == 429


def test_changes_of_the_email_bomb_nobody_either(ann: Client) -> None:
    proof = {"current_password": "a long walk in the rain"}
    names = ["eve@example.org", "ann@example.org"] * (MOST + 1)

    answers = [ann.patch("users/me", {"email": name} | proof) for name in names]

    assert {answer.status_code for answer in answers} == {200}
    assert count(ann.app, "letters") <= 2 * MOST + 2 * MOST  # to verify, and notices


def test_letters_to_an_address_keep_nobody_from_registering_it(anyone: Client) -> None:
    victim = {"email": "victim@example.org", "password": "a long walk in the rain"}
    [anyone.post(RESET, {"email": victim["email"]}) for _ in range(MOST + 1)]

    assert anyone.post("auth/register", victim).status_code == 201


def test_without_mail_the_answer_is_the_same_and_nothing_is_kept(
    ann: Client, twin: Callable[..., Flask]
) -> None:
    silent = Client(twin())

    answers = [silent.post(RESET, {"email": "ann@example.org"}) for _ in range(9)]

    assert {answer.status_code for answer in answers} == {202}
    assert count(ann.app, "letters") == 0


def test_a_request_does_not_wait_for_the_mail_server(
    ann: Client, mailbox: Mailbox
) -> None:
    mailbox.close()

    answer = ask(ann, "ann@example.org")

    assert answer.status_code == 202
    assert send(ann.app) == 0
    assert count(ann.app, "letters") == 1


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
def test_what_is_no_address_goes_into_no_letter(
    anyone: Client, path: str, body: dict[str, Any], expected: dict[str, str]
) -> None:
    answer = anyone.post(path, body)

    assert faults(answer) == expected
    assert count(anyone.app, "letters") == 0
