"""Strict JSON bodies (RFC 8259, RFC 7493)."""

from typing import Any

import pytest

from tests.helpers.client import PASSWORD, Client, assert_problem, field_errors
from tests.web.json_operations import send, stored, widely

pytestmark = pytest.mark.one_database

TEA = b'{"title": "Tea"}'
MALFORMED = {
    "empty": b"",
    "blank": b" \r\n\t",
    "a word": b"Tea",
    "truncated": TEA[:-1],
    "a comma too many": b'{"title": "Tea",}',
    "single quotes": b"{'title': 'Tea'}",
    "a comment": b'{"title": "Tea" /* hot */}',
    "two documents": TEA + TEA,
    "a line of JSON more": TEA + b"\n" + TEA,
    "NUL after it": TEA + b"\0",
    "a name twice": b'{"title": "Tea", "title": "Milk"}',
    "a name twice, escaped": rb'{"title": "Tea", "\u0074itle": "Milk"}',
    "a name twice, inside": b'{"title": {"a": 1, "a": 1}}',
    "NaN": b'{"title": NaN}',
    "Infinity": b'{"title": Infinity}',
    "-Infinity": b'{"title": [-Infinity]}',
    "21 digits": b'{"title": ' + b"1" * 21 + b"}",
    "21 digits and a point": b'{"title": 0.' + b"1" * 20 + b"}",
    "5000 digits": b'{"title": ' + b"9" * 5000 + b"}",
    "5000 digits of exponent": b'{"title": 1e' + b"9" * 5000 + b"}",
    "33 levels": b'{"title": ' + b"[" * 32 + b"]" * 32 + b"}",
    "33 levels of objects": b'{"title":' * 33 + b"1" + b"}" * 33,
    "2000 levels": b'{"title": ' + b"[" * 1999 + b"]" * 1999 + b"}",
    "100000 levels, not closed": b"[" * 100_000,
    "UTF-16": TEA.decode().encode("utf-16"),
    "UTF-32": TEA.decode().encode("utf-32"),
    "Latin-1": '{"title": "Th\u00e9"}'.encode("latin-1"),
    "overlong UTF-8": b'{"title": "\xc0\x80"}',
    "a byte order mark": b"\xef\xbb\xbf" + TEA,
    "a newline in a string": b'{"title": "Tea\n"}',
    "a NUL in a string": b'{"title": "Tea\0"}',
}
SAMPLE = ["blank", "two documents", "a name twice", "NaN", "5000 digits", "2000 levels"]
NOT_OBJECTS = {
    "a list": b"[]",
    "a list of objects": b'[{"title": "Tea"}]',
    "a string": b'"title"',
    "a number": b"7",
    "a float": b"1e3",
    "null": b"null",
    "true": b"true",
}


@widely(MALFORMED, SAMPLE)
def test_malformed_body_is_rejected_and_stores_nothing(
    ann: Client, task: dict[str, Any], place: str, sent: bytes
) -> None:
    before = stored(ann)

    response = send(ann, place, sent)

    assert_problem(response, 400, "malformed-json")
    assert stored(ann) == before


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Send a JSON document."),
        (b" \n", "Send a JSON document."),
        (b'{"title": "Tea",}', "Remove the comma before the bracket."),
        (b'{"tags": ["hot", \n], "title": "Tea"}', "Remove the comma before"),
        (b"{'title': 'Tea'}", "Names and strings need double quotes."),
        (b"{\"title\": 'Tea'}", "Names and strings need double quotes."),
        (b'{"title": "Tea", \'q\': 1}', "Names and strings need double quotes."),
        (b"{title: 1}", "Names and strings need double quotes."),
        (b'{"title": Tea}', "is not valid JSON."),
    ],
    ids=ascii,
)
def test_problem_of_malformed_json_says_how_to_correct_it(
    ann: Client, body: bytes, reason: str
) -> None:
    response = send(ann, "new task", body)

    problem = assert_problem(response, 400, "malformed-json")
    assert reason in problem["detail"]
    assert problem["line"]
    assert problem["column"]


@widely(NOT_OBJECTS, ["a list", "null"])
def test_body_that_is_not_an_object_is_rejected(
    ann: Client, task: dict[str, Any], place: str, sent: bytes
) -> None:
    before = stored(ann)

    response = send(ann, place, sent)

    assert field_errors(response) == {"#": "type"}
    assert stored(ann) == before


@pytest.mark.parametrize(
    "body",
    [
        MALFORMED["a name twice"],
        MALFORMED["two documents"],
        MALFORMED["a byte order mark"],
        NOT_OBJECTS["null"],
    ],
    ids=["a name twice", "two documents", "a byte order mark", "null"],
)
def test_login_and_logout_reject_malformed_json(ann: Client, body: bytes) -> None:
    json = {"Content-Type": "application/json"}

    login = ann.call("POST", "auth/login", data=body, headers=json)
    logout = ann.call("POST", "auth/logout", data=body, headers=json)

    assert {login.status_code, logout.status_code} <= {400, 422}
    assert ann.get("users/me").status_code == 200


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (rb'"\u0054\u0065\u0061"', "Tea"),
        (rb'"\ud83d\ude00"', "\N{GRINNING FACE}"),
        ('"\N{GRINNING FACE}"'.encode(), "\N{GRINNING FACE}"),
        (rb'"\"\\\/"', '"\\/'),
    ],
    ids=["escapes", "a surrogate pair", "UTF-8", "quotes"],
)
def test_json_escapes_are_decoded(
    ann: Client, task: dict[str, Any], sent: bytes, kept: str
) -> None:
    response = send(ann, "new task", b'\n{ "title" :\t' + sent + b"}\r\n ")

    assert (response.status_code, response.json["title"]) == (201, kept)


@pytest.mark.parametrize(
    "value",
    [b"[" * 31 + b"]" * 31, b"1" * 20, b"-1.5e300"],
    ids=["32 levels", "20 digits", "a float"],
)
def test_json_at_the_limits_is_accepted(
    ann: Client, task: dict[str, Any], value: bytes
) -> None:
    response = send(ann, "new task", b'{"title": ' + value + b"}")

    assert field_errors(response) == {"#/title": "type"}


@pytest.mark.parametrize(
    "fields",
    [
        b'"full_name": "\\u0000"',
        b'"timezone": "Moon"',
        b'"role": "admin"',
        b'"email": 1',
    ],
    ids=["NUL", "unknown zone", "unknown field", "a name twice"],
)
def test_rejected_registration_creates_no_account(
    anonymous: Client, fields: bytes
) -> None:
    eve = Client(anonymous.app, "eve")
    account = f'{{"email": "eve@example.org", "password": "{PASSWORD}", '.encode()

    response = eve.call(
        "POST",
        "auth/register",
        data=account + fields + b"}",
        headers={"Content-Type": "application/json"},
    )

    assert response.status_code in {400, 422}
    assert eve.register().user["email"] == "eve@example.org"
