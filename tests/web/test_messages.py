"""Messages of field errors: they state the rule."""

from typing import Any

import pytest

from tests.helpers.client import Client

pytestmark = pytest.mark.one_database
USERNAME = (
    "Must be 3 to 50 ASCII letters, digits, dots, hyphens or underscores, and begin "
    "with a letter or a digit."
)
ACCOUNT: dict[str, tuple[Any, str]] = {
    "email": (
        "ann",
        "Must be an ASCII email address, such as ann@example.org, of at most 254 "
        "characters.",
    ),
    "username": ("a b c", USERNAME),
    "password": ("short", "Must have 8 to 128 characters."),
    "full_name": ("x" * 101, "Must have at most 100 characters."),
    "timezone": ("Moon", "Must be an IANA time zone."),
}
TASK: dict[str, tuple[Any, str]] = {
    "title": ("", "Must have 1 to 255 characters."),
    "description": (5, "Must be a string."),
    "status": (None, "Must not be null."),
    "priority": ("top", "Must be one of: low, medium, high, urgent."),
    "tags": (["t"] * 21, "Must have at most 20 items."),
    "parent_id": (2**63, "Must be from 1 to 2^63-1."),
}
QUERY = {
    "limit": ("0", "Must be from 1 to 100."),
    "offset": ("one", "Must be an integer."),
    "overdue": ("yes", "Must be true or false."),
    "assignee_id": ("ann", "Must be an id, `me` or `none`."),
    "project_id": ("1" + 20 * "0", "Must be from 0 to 2^63-1."),
    "parent_id": ("root", "Must be an id or `none`."),
    "tag": ("a,b", "Must have 1 to 50 characters without commas."),
}


def messages(response: Any) -> dict[str, str]:
    errors = response.json["errors"]
    return {
        (e.get("parameter") or e["pointer"]).removeprefix("#/"): e["message"]
        for e in errors
    }


def test_error_of_an_account_states_the_rule(anonymous: Client) -> None:
    sent = {name: value for name, (value, _) in ACCOUNT.items()}

    response = anonymous.post("auth/register", sent)

    assert messages(response) == {name: rule for name, (_, rule) in ACCOUNT.items()}


def test_short_username_has_the_same_message(anonymous: Client) -> None:
    response = anonymous.post("auth/register", {"username": "an", "password": "x" * 9})

    assert messages(response) == {"username": USERNAME}


def test_error_of_a_task_states_the_rule(ann: Client) -> None:
    sent = {name: value for name, (value, _) in TASK.items()}

    response = ann.post("tasks", sent)

    assert messages(response) == {name: rule for name, (_, rule) in TASK.items()}


def test_missing_field_is_named(ann: Client) -> None:
    response = ann.post("tasks", {})

    assert messages(response) == {"title": "This field is required."}


def test_error_of_a_parameter_states_the_rule(ann: Client) -> None:
    sent = {name: value for name, (value, _) in QUERY.items()}

    response = ann.get("tasks", query_string=sent)

    found = messages(response)
    expected = {name: rule for name, (_, rule) in QUERY.items()}
    assert {name.partition("/")[0]: rule for name, rule in found.items()} == expected


@pytest.mark.parametrize(
    ("parameter", "hint"),
    [
        ("project_id=mine", "Send digits or `personal`."),
        ("assignee_id=ann", "Send digits, `me` or `none`."),
        ("due_before=2036-12-24T18:00:00 01:00", "Write + as %2B in a query."),
    ],
)
def test_error_of_a_parameter_has_a_hint(
    ann: Client, parameter: str, hint: str
) -> None:
    (error,) = ann.get(f"tasks?{parameter}").json["errors"]

    assert error["hint"] == hint
