"""Validation of fields: nothing is coerced, and each error has a location."""

from typing import Any

import orjson
import pytest

from tests.helpers.client import PASSWORD, Client, field_errors
from tests.web.json_operations import send, stored

pytestmark = pytest.mark.one_database

TASK = {"title": "Tea"}
USER = {"email": "eve@example.org", "password": PASSWORD}
STRINGS = {
    "new task": ["title", "description", "status", "priority"],
    "task": ["title", "description", "status", "priority"],
    "account": ["email", "username", "full_name", "timezone", "current_password"],
    "registration": ["email", "username", "password", "full_name", "timezone"],
}
FULL = {"new task": TASK, "task": {}, "account": {}, "registration": USER}

every_string = pytest.mark.parametrize(
    ("place", "field"),
    [(place, field) for place, fields in STRINGS.items() for field in fields],
)
INVALID = {
    "title": ("", "length"),
    "description": ("x" * 10_001, "length"),
    "status": ("done", "choice"),
    "priority": (None, "null"),
    "due_date": ("tomorrow", "format"),
    "version": (1, "read-only"),
    "nonsense": ({"title": 1}, "unknown"),
}
ESCAPES = {
    "slash": ("a/b", "#/a~1b"),
    "tilde": ("a~b", "#/a~0b"),
    "tilde and one": ("~1", "#/~01"),
    "both": ("~/", "#/~0~1"),
    "space": ("a b", "#/a%20b"),
    "percent": ("a%2Fb", "#/a%252Fb"),
    "hash": ("#", "#/%23"),
    "quote": ('"', "#/%22"),
    "not ASCII": ("\u00e9", "#/%C3%A9"),
    "emoji": ("\N{GRINNING FACE}", "#/%F0%9F%98%80"),
    "newline": ("a\nb", "#/a%0Ab"),
    "NUL": ("\0", "#/%00"),
    "empty": ("", "#/"),
    "a number": ("0", "#/0"),
    "a name of marshmallow": ("_schema", "#/_schema"),
    "a name of Python": ("__class__", "#/__class__"),
}


@every_string
def test_string_field_rejects_numbers(
    ann: Client, task: dict[str, Any], place: str, field: str
) -> None:
    before = stored(ann)

    response = send(ann, place, orjson.dumps(FULL[place] | {field: 7}))

    assert field_errors(response) == {f"#/{field}": "type"}
    assert stored(ann) == before


@pytest.mark.parametrize("value", [True, False, 0, 1.5, {}, {"todo": 1}, []], ids=repr)
def test_string_field_rejects_other_types(ann: Client, value: object) -> None:
    response = ann.post("tasks", {"title": value, "status": value})

    assert field_errors(response) == {"#/title": "type", "#/status": "type"}


@every_string
@pytest.mark.parametrize("character", [r"\u0000", r"\ud800"], ids=["NUL", "surrogate"])
def test_string_field_rejects_control_characters(
    ann: Client, task: dict[str, Any], place: str, field: str, character: str
) -> None:
    before = stored(ann)
    valid = orjson.dumps(FULL[place] | {field: "Tea time @"})
    invalid = valid.replace(b"@", character.encode())

    response = send(ann, place, invalid)

    assert field_errors(response)[f"#/{field}"] in {"characters", "choice"}
    assert stored(ann) == before


@pytest.mark.parametrize("half", [r"\udc00", r"\ud800x", r"\udc00\ud800", r"\ud83d"])
def test_string_field_rejects_unpaired_surrogates(ann: Client, half: str) -> None:
    body = f'{{"title": "Tea {half}"}}'.encode()

    response = send(ann, "new task", body)

    assert field_errors(response) == {"#/title": "characters"}


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        ("titel", "title"),
        ("Title", "title"),
        ("prio", "priority"),
        ("due", None),
        ("dueDate", "due_date"),
        ("due_at", "due_date"),
        ("descr", "description"),
        ("zzz", None),
    ],
)
def test_unknown_field_error_suggests_a_similar_name(
    ann: Client, field: str, hint: str | None
) -> None:
    response = ann.post("tasks", TASK | {field: "Tea"})

    assert field_errors(response) == {f"#/{field}": "unknown"}
    (error,) = response.json["errors"]
    assert error.get("hint") == (hint and f"Did you mean {hint}?")


def test_unknown_field_errors_are_limited_to_fifty(ann: Client) -> None:
    unknown = {f"field{number}": 1 for number in range(5000)}

    response = ann.post("tasks", unknown | {"title": ""})

    reported = field_errors(response)
    assert reported.pop("#/title") == "length"
    assert set(reported.values()) == {"unknown"}
    assert len(reported) == 50


@pytest.mark.parametrize("place", ["task", "account", "registration"])
def test_unknown_field_is_rejected_by_every_operation(
    ann: Client, task: dict[str, Any], place: str
) -> None:
    before = stored(ann)

    response = send(ann, place, orjson.dumps(FULL[place] | {"nonsense": 1}))

    assert field_errors(response) == {"#/nonsense": "unknown"}
    assert stored(ann) == before


@pytest.mark.parametrize(("name", "pointer"), ESCAPES.values(), ids=ESCAPES)
def test_pointer_to_unusual_name_is_escaped(
    ann: Client, name: str, pointer: str
) -> None:
    response = ann.post("tasks", TASK | {name: 1})

    assert field_errors(response) == {pointer: "unknown"}


@pytest.mark.parametrize("name", [r"\ud800", r"a\udfffb", r"\udc00/~"])
def test_name_with_surrogate_is_reported_in_ascii(ann: Client, name: str) -> None:
    response = send(ann, "new task", f'{{"title": "Tea", "{name}": 1}}'.encode())

    ((pointer, code),) = field_errors(response).items()
    assert (pointer[:2], code) == ("#/", "unknown")
    assert pointer.isascii()


@pytest.mark.parametrize("place", ["new task", "task"])
def test_task_errors_are_reported_together(
    ann: Client, task: dict[str, Any], place: str
) -> None:
    invalid = {name: value for name, (value, _) in INVALID.items()}

    response = send(ann, place, orjson.dumps(invalid))

    expected = {f"#/{name}": code for name, (_, code) in INVALID.items()}
    if place == "task":  # the version of an update is a precondition
        del expected["#/version"]
    assert field_errors(response) == expected
    assert ann.get("tasks").json["items"] == [task]


def test_registration_errors_are_reported_together(anonymous: Client) -> None:
    invalid = {
        "email": "ann",
        "username": "a b",
        "password": "short",
        "full_name": 1,
        "timezone": "Moon",
        "role": "admin",
    }

    response = anonymous.post("auth/register", invalid)

    assert field_errors(response) == {
        "#/email": "format",
        "#/username": "format",
        "#/password": "length",
        "#/full_name": "type",
        "#/timezone": "choice",
        "#/role": "unknown",
    }


def test_missing_field_is_reported_with_other_errors(ann: Client) -> None:
    response = ann.post("tasks", {"status": 1, "nonsense": 1})

    assert field_errors(response) == {
        "#/title": "required",
        "#/status": "type",
        "#/nonsense": "unknown",
    }


def test_field_error_has_a_message(ann: Client) -> None:
    response = ann.post("tasks", {"title": "", "due_date": "x", "status": "x", "x": 1})

    messages = [error["message"] for error in response.json["errors"]]
    assert len(messages) == len(set(messages)) == 4
    assert all(message.endswith(".") for message in messages)


def test_thousands_of_unknown_fields_cause_fifty_errors(ann: Client) -> None:
    unknown = {f"x{number:05}": number for number in range(5_000)}

    response = ann.post("tasks", {"title": "Tea"} | unknown)

    assert list(field_errors(response).values()) == ["unknown"] * 50
