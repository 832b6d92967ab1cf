"""Invalid registrations are rejected with an error for each field."""

import json
from typing import Any

import pytest

from tests.helpers.client import PASSWORD, Client, assert_problem, field_errors
from tests.helpers.rows import count

pytestmark = pytest.mark.one_database

NAMES = {"email": "ann@example.org", "username": "ann-of-green-gables"}
JSON = {"Content-Type": "application/json"}
ACCOUNT = NAMES | {"password": PASSWORD}
PASSWORDS: dict[str, tuple[str, str]] = {
    "empty": ("", "length"),
    "7-characters": ("sieben7", "length"),
    "7-characters-of-many-bytes": ("жизнь77", "length"),
    "129-characters": ("x" * 129, "length"),
    "common": ("1234567890", "common"),
    "common-in-capitals": ("QwertyUIOP", "common"),
    "the-email": ("ann@example.org", "personal"),
    "the-email-in-capitals": ("ANN@Example.ORG", "personal"),
    "the-username": ("ann-of-green-gables", "personal"),
    "the-username-in-capitals": ("Ann-of-Green-Gables", "personal"),
    "nul": ("a long walk\0in the rain", "characters"),
}
VALUES: dict[str, tuple[str, Any, str]] = {
    "password-number": ("password", 1234567890, "type"),
    "password-list": ("password", ["a", "b"], "type"),
    "password-null": ("password", None, "null"),
    "email-null": ("email", None, "null"),
    "email-empty": ("email", "", "length"),
    "email-blank": ("email", " \t ", "length"),
    "email-number": ("email", 7, "type"),
    "email-without-at": ("email", "ann.example.org", "format"),
    "email-without-dot": ("email", "ann@localhost", "format"),
    "email-without-name": ("email", "@example.org", "format"),
    "email-with-two-at": ("email", "ann@b@example.org", "format"),
    "email-with-space": ("email", "ann b@example.org", "format"),
    "email-with-dotted-end": ("email", "ann@example.org.", "format"),
    "email-with-dash-end": ("email", "ann@example-.org", "format"),
    "email-with-name": ("email", "Ann <ann@example.org>", "format"),
    "email-of-two": ("email", "ann@example.org,bob@example.org", "format"),
    "email-in-cyrillic": ("email", "анн@example.org", "format"),
    "email-of-255": ("email", "ann@" + "a123456." * 31 + "org", "length"),
    "email-nul": ("email", "ann\0@example.org", "characters"),
    "email-newline": ("email", "ann@example.org\nBcc: bob", "control"),
    "username-null": ("username", None, "null"),
    "username-empty": ("username", "", "length"),
    "username-of-two": ("username", "an", "length"),
    "username-of-51": ("username", "a" * 51, "length"),
    "username-with-at": ("username", "ann@example.org", "format"),
    "username-with-dot-first": ("username", ".ann", "format"),
    "username-with-space": ("username", "ann b", "format"),
    "username-in-cyrillic": ("username", "анна", "format"),
    "username-nul": ("username", "ann\0", "characters"),
    "username-control": ("username", "an\tn", "control"),
    "full-name-of-101": ("full_name", "a" * 101, "length"),
    "full-name-number": ("full_name", 7, "type"),
    "full-name-nul": ("full_name", "Ann\0", "characters"),
    "full-name-newline": ("full_name", "Ann\nBoleyn", "control"),
    "full-name-escape": ("full_name", "Ann\x1b[31m", "control"),
    "full-name-next-line": ("full_name", "Ann\x85Boleyn", "control"),
    "timezone-unknown": ("timezone", "Mars/Olympus_Mons", "choice"),
    "timezone-in-lower-case": ("timezone", "europe/berlin", "choice"),
    "timezone-offset": ("timezone", "+02:00", "choice"),
    "timezone-path": ("timezone", "../../etc/passwd", "choice"),
    "timezone-empty": ("timezone", "", "choice"),
    "timezone-null": ("timezone", None, "null"),
    "role": ("role", "admin", "unknown"),
    "is-active": ("is_active", True, "unknown"),
    "email-verified": ("email_verified", True, "unknown"),
    "id": ("id", 1, "unknown"),
    "version": ("version", 7, "unknown"),
    "password-hash": ("password_hash", "$2b$", "unknown"),
}


@pytest.mark.parametrize(("password", "code"), PASSWORDS.values(), ids=PASSWORDS)
def test_weak_password_is_rejected(anonymous: Client, password: str, code: str) -> None:
    response = anonymous.post("auth/register", ACCOUNT | {"password": password})

    assert field_errors(response) == {"#/password": code}
    assert count(anonymous.app, "users") == 0


@pytest.mark.parametrize(("field", "value", "code"), VALUES.values(), ids=VALUES)
def test_invalid_value_is_rejected(
    anonymous: Client, field: str, value: Any, code: str
) -> None:
    response = anonymous.post("auth/register", ACCOUNT | {field: value})

    assert field_errors(response) == {f"#/{field}": code}
    assert count(anonymous.app, "users") == 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"password": PASSWORD}, {"#": "required"}),
        ({"email": "", "password": PASSWORD}, {"#/email": "length"}),
        (NAMES, {"#/password": "required"}),
        ([ACCOUNT], {"#": "type"}),
        ("ann", {"#": "type"}),
    ],
    ids=["no-name", "empty-name", "no-password", "list", "text"],
)
def test_account_requires_a_name_and_a_password(
    anonymous: Client, body: Any, expected: dict[str, str]
) -> None:
    response = anonymous.post("auth/register", body)

    assert field_errors(response) == expected


def test_all_errors_are_returned_together(anonymous: Client) -> None:
    account = {"email": "ann", "username": "a b", "password": "short", "colour": "red"}

    response = anonymous.post("auth/register", account)

    assert field_errors(response) == {
        "#/email": "format",
        "#/username": "format",
        "#/password": "length",
        "#/colour": "unknown",
    }


@pytest.mark.parametrize(
    ("given", "meant"),
    [("pasword", "password"), ("user_name", "username"), ("fullname", "full_name")],
)
def test_misspelled_field_suggests_the_correct_one(
    anonymous: Client, given: str, meant: str
) -> None:
    response = anonymous.post("auth/register", ACCOUNT | {given: "a long text"})

    assert field_errors(response) == {f"#/{given}": "unknown"}
    assert response.json["errors"][0]["hint"] == f"Did you mean {meant}?"


@pytest.mark.parametrize("field", ["email", "username", "password", "full_name"])
@pytest.mark.parametrize("half", [chr(0xD800), chr(0xDFFF)], ids=["high", "low"])
def test_lone_surrogate_is_rejected_in_a_value(
    anonymous: Client, field: str, half: str
) -> None:
    body = json.dumps(ACCOUNT | {field: f"long enough {half}"})

    response = anonymous.call("POST", "auth/register", data=body, headers=JSON)

    assert "\\ud" in body
    assert field_errors(response) == {f"#/{field}": "characters"}


def test_lone_surrogate_is_rejected_in_a_name(anonymous: Client) -> None:
    body = json.dumps(ACCOUNT | {"\ud800": 1})

    response = anonymous.call("POST", "auth/register", data=body, headers=JSON)

    assert field_errors(response) == {"#/%3F": "unknown"}


@pytest.mark.parametrize(
    "text", [b"\xff", b"\xed\xa0\x80", b"\xc0\x80"], ids=["byte", "surrogate", "nul"]
)
def test_body_that_is_not_utf8_is_rejected(anonymous: Client, text: bytes) -> None:
    body = json.dumps(ACCOUNT).encode().replace(b"walk", text)

    response = anonymous.call("POST", "auth/register", data=body, headers=JSON)

    assert_problem(response, 400, "malformed-json")
