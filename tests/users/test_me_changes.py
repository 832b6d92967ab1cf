"""Users change their own account by merge patch; PUT does the same."""

from typing import Any

import pytest

from tests.helpers.client import PASSWORD, Client, assert_problem, field_errors

NAMED = {"username": "ann", "full_name": "Ann", "timezone": "Europe/Berlin"}
READ_ONLY: dict[str, Any] = {
    "id": 7,
    "role": "admin",
    "is_active": False,
    "email_verified": True,
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
}
INVALID: dict[str, tuple[str, Any, str]] = {
    "full-name-of-101": ("full_name", "a" * 101, "length"),
    "full-name-number": ("full_name", 7, "type"),
    "full-name-control": ("full_name", "An\nn", "control"),
    "full-name-nul": ("full_name", "Ann\0", "characters"),
    "email-empty": ("email", "", "length"),
    "username-empty": ("username", "", "length"),
    "username-format": ("username", "a b c", "format"),
    "username-short": ("username", "an", "length"),
    "username-type": ("username", ["ann"], "type"),
    "email-format": ("email", "ann", "format"),
    "timezone-unknown": ("timezone", "Mars/Olympus_Mons", "choice"),
    "timezone-null": ("timezone", None, "null"),
    "password": ("password", PASSWORD, "unknown"),
    "password-hash": ("password_hash", "x", "unknown"),
    "misspelled": ("time_zone", "UTC", "unknown"),
}

both_verbs = pytest.mark.parametrize("verb", ["PATCH", "PUT"])


@pytest.fixture
def named(ann: Client) -> Client:
    """Return a client whose account has a value in every field."""
    ann.user = ann.patch("users/me", NAMED).json
    return ann


@both_verbs
@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({"full_name": " Ann B. "}, {"full_name": "Ann B."}),
        ({"username": "Ann.B"}, {"username": "ann.b"}),
        ({"timezone": "Asia/Tokyo"}, {"timezone": "Asia/Tokyo"}),
        (
            {"full_name": "A", "username": "abc", "timezone": "UTC"},
            {"full_name": "A", "username": "abc", "timezone": "UTC"},
        ),
    ],
    ids=["full-name", "username", "timezone", "all"],
)
def test_only_named_fields_change(
    named: Client, verb: str, changes: dict[str, str], seen: dict[str, str]
) -> None:
    response = named.call(verb, "users/me", json=changes)

    raised = {"version": 3, "updated_at": response.json["updated_at"]}
    assert response.status_code == 200
    assert response.json == named.user | seen | raised


@both_verbs
@pytest.mark.parametrize("field", ["full_name", "username"])
def test_null_clears_a_field(named: Client, verb: str, field: str) -> None:
    response = named.call(verb, "users/me", json={field: None})

    assert response.status_code == 200
    assert response.json[field] is None
    assert response.json["email"] == "ann@example.org"


def test_change_is_visible_when_read(ann: Client) -> None:
    response = ann.patch("users/me", NAMED)

    assert ann.get("users/me").json == response.json
    assert response.json | NAMED == response.json


@both_verbs
def test_change_raises_the_version_by_one(ann: Client, verb: str) -> None:
    response = ann.call(verb, "users/me", json=NAMED)

    assert response.json["version"] == 2
    assert response.headers["ETag"] == '"2"'
    assert response.json["updated_at"] > ann.user["updated_at"]
    assert response.json["created_at"] == ann.user["created_at"]


@both_verbs
@pytest.mark.parametrize(
    "changes",
    [
        {},
        NAMED,
        {"full_name": " Ann "},
        {"username": "ANN"},
        {"email": "Ann@Example.Org"},
        {"current_password": PASSWORD},
        {"current_password": "anything"},
    ],
    ids=["empty", "same", "spaced", "folded", "email", "password", "other-password"],
)
def test_change_without_effect_keeps_the_version(
    named: Client, verb: str, changes: dict[str, str]
) -> None:
    response = named.call(verb, "users/me", json=changes)

    assert (response.status_code, response.json) == (200, named.user)
    assert response.headers["ETag"] == '"2"'


@pytest.mark.one_database
def test_merge_patch_media_type_is_accepted(ann: Client) -> None:
    header = {"Content-Type": "application/merge-patch+json"}

    response = ann.call("PATCH", "users/me", data='{"full_name":"Ann"}', headers=header)

    assert (response.status_code, response.json["full_name"]) == (200, "Ann")


def test_change_affects_no_other_account(ann: Client, bob: Client) -> None:
    response = ann.patch("users/me", NAMED)

    assert response.status_code == 200
    assert bob.get("users/me").json == bob.user


@pytest.mark.one_database
@both_verbs
@pytest.mark.parametrize(("field", "value"), READ_ONLY.items(), ids=READ_ONLY)
def test_read_only_fields_cannot_change(
    ann: Client, verb: str, field: str, value: Any
) -> None:
    response = ann.call(verb, "users/me", json={field: value, "full_name": "Ann"})

    assert field_errors(response) == {f"#/{field}": "read-only"}
    assert "omit it" in response.json["errors"][0]["hint"]
    assert ann.get("users/me").json == ann.user


@pytest.mark.one_database
@both_verbs
@pytest.mark.parametrize(("field", "value", "code"), INVALID.values(), ids=INVALID)
def test_invalid_value_changes_nothing(
    ann: Client, verb: str, field: str, value: Any, code: str
) -> None:
    response = ann.call(verb, "users/me", json={"full_name": "Ann", field: value})

    assert field_errors(response) == {f"#/{field}": code}
    assert ann.get("users/me").json == ann.user


@pytest.mark.one_database
@both_verbs
@pytest.mark.parametrize("text", ["[]", '"Ann"', "7", "null", "true"])
def test_change_must_be_an_object(ann: Client, verb: str, text: str) -> None:
    header = {"Content-Type": "application/json"}

    response = ann.call(verb, "users/me", data=text, headers=header)

    assert field_errors(response) == {"#": "type"}


@both_verbs
def test_username_of_another_account_is_rejected(
    ann: Client, bob: Client, verb: str
) -> None:
    bob.patch("users/me", {"username": "bob"})

    response = ann.call(verb, "users/me", json={"username": " BOB ", "full_name": "A"})

    assert assert_problem(response, 409, "already-exists")["field"] == "username"
    assert ann.get("users/me").json == ann.user


def test_last_username_cannot_be_removed(anonymous: Client) -> None:
    login = {"username": "cat", "password": PASSWORD}
    anonymous.post("auth/register", login)
    anonymous.tokens = anonymous.post("auth/login", login).json

    response = anonymous.patch("users/me", {"username": None})

    assert field_errors(response) == {"#": "required"}
    assert anonymous.get("users/me").json["username"] == "cat"
