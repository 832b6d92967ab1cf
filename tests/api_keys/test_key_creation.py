"""Creation of API keys: they are returned once, and stored as hashes."""

import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest

from taskapi import clock
from tests.api_keys.clients import KeyClient, create_key, key_client, stored_key
from tests.helpers.cli import run
from tests.helpers.client import Client, assert_problem, field_errors

KEY_FORMAT = r"tsk_[0-9a-f]{8}_[A-Za-z0-9_-]{43}"
SHOWN = {
    "id",
    "name",
    "prefix",
    "scopes",
    "project_id",
    "expires_at",
    "last_used_at",
    "created_at",
}
READ_ONLY = ["id", "prefix", "last_used_at", "created_at"]
YESTERDAY = "2020-01-01T00:00:00Z"
INVALID: dict[str, tuple[Any, dict[str, str]]] = {
    "no-name": ({}, {"#/name": "required"}),
    "name-null": ({"name": None}, {"#/name": "null"}),
    "name-empty": ({"name": ""}, {"#/name": "length"}),
    "name-blank": ({"name": " "}, {"#/name": "length"}),
    "name-of-101": ({"name": "n" * 101}, {"#/name": "length"}),
    "scope-unknown": ({"name": "n", "scopes": ["all"]}, {"#/scopes/0": "choice"}),
    "scope-in-capitals": (
        {"name": "n", "scopes": ["Tasks:Read"]},
        {"#/scopes/0": "choice"},
    ),
    "scopes-empty": ({"name": "n", "scopes": []}, {"#/scopes": "length"}),
    "scopes-null": ({"name": "n", "scopes": None}, {"#/scopes": "null"}),
    "scopes-text": ({"name": "n", "scopes": "admin"}, {"#/scopes": "type"}),
    "scopes-too-many": (
        {"name": "n", "scopes": ["tasks:read"] * 6},
        {"#/scopes": "length"},
    ),
    "over-already": ({"name": "n", "expires_at": YESTERDAY}, {"#/expires_at": "range"}),
    "read-only": (
        {"name": "n"} | dict.fromkeys(READ_ONLY, 1),
        {f"#/{field}": "read-only" for field in READ_ONLY},
    ),
    "owner-given": ({"name": "n", "user_id": 1}, {"#/user_id": "unknown"}),
    "project-text": ({"name": "n", "project_id": "7"}, {"#/project_id": "type"}),
    "project-zero": ({"name": "n", "project_id": 0}, {"#/project_id": "range"}),
    "project-unknown": ({"name": "n", "project_id": 7}, {"#/project_id": "not-found"}),
    "project-and-account": (
        {"name": "n", "project_id": 7, "scopes": ["tasks:read", "account:read"]},
        {"#/scopes": "choice"},
    ),
    "project-and-admin": (
        {"name": "n", "project_id": 7, "scopes": ["admin"]},
        {"#/scopes": "choice"},
    ),
    "admin-by-a-user": ({"name": "n", "scopes": ["admin"]}, {"#/scopes": "choice"}),
}


def test_new_key_is_returned_with_its_parts(ann: Client) -> None:
    response = ann.post("api-keys", {"name": "backup"})

    key = response.json
    assert response.status_code == 201
    assert set(key) == SHOWN | {"api_key"}
    assert re.fullmatch(KEY_FORMAT, key["api_key"])
    assert key["api_key"].split("_")[1] == key["prefix"]
    assert (key["expires_at"], key["last_used_at"]) == (None, None)


def test_new_key_has_a_location(ann: Client) -> None:
    response = ann.post("api-keys", {"name": "backup"})

    found = ann.get(response.headers["Location"])
    assert response.headers["Cache-Control"] == "no-store"
    assert found.status_code == 200
    assert found.json["id"] == response.json["id"]


def test_key_is_returned_only_once(ann: Client) -> None:
    made = create_key(ann)

    one, many = ann.get(f"api-keys/{made['id']}"), ann.get("api-keys")

    assert set(one.json) == SHOWN
    assert many.json["items"] == [one.json]
    assert made["api_key"].split("_", 2)[2] not in one.text + many.text


def test_only_the_hash_of_a_key_is_stored(ann: Client) -> None:
    text = create_key(ann)["api_key"]

    row = stored_key(ann)

    assert row.secret_hash == hashlib.sha256(text.encode()).hexdigest()
    assert text.split("_", 2)[2] not in str(tuple(row))


def test_two_keys_have_different_parts(ann: Client) -> None:
    first, second = create_key(ann), create_key(ann)

    assert first["prefix"] != second["prefix"]
    assert first["api_key"][13:] != second["api_key"][13:]


def test_default_scopes_are_reading_and_writing_tasks(ann: Client) -> None:
    key = create_key(ann)

    assert key["scopes"] == ["tasks:read", "tasks:write"]


def test_scopes_are_sorted_and_unique(ann: Client) -> None:
    key = create_key(ann, scopes=["account:read", "tasks:read", "account:read"])

    found = ann.get(f"api-keys/{key['id']}").json

    assert key["scopes"] == found["scopes"] == ["tasks:read", "account:read"]


@pytest.mark.one_database
def test_name_can_have_100_characters(ann: Client) -> None:
    key = create_key(ann, name="ü" * 100)

    assert key["name"] == "ü" * 100


def test_key_keeps_its_expiry(ann: Client) -> None:
    ends = (clock.now() + timedelta(days=3)).isoformat().replace("+00:00", "Z")

    key = create_key(ann, expires_at=ends)

    assert key["expires_at"][:19] == ends[:19]
    assert ann.get(f"api-keys/{key['id']}").json["expires_at"] == key["expires_at"]


@pytest.mark.one_database
@pytest.mark.parametrize(("body", "expected"), INVALID.values(), ids=INVALID)
def test_invalid_key_is_not_created(
    ann: Client, body: Any, expected: dict[str, str]
) -> None:
    response = ann.post("api-keys", body)

    assert field_errors(response) == expected
    assert ann.get("api-keys").json["items"] == []


def test_administrator_creates_keys_with_the_admin_scope(admin: Client) -> None:
    script = key_client(admin, "admin")

    response = script.get("users")

    assert response.status_code == 200


def test_admin_key_is_rejected_after_its_owner_is_demoted(
    admin: Client, bob: Client
) -> None:
    script = key_client(admin, "admin")
    run(bob.app, "users", "promote", "bob@example.org")
    bob.patch(f"users/{admin.user['id']}", {"role": "user"})

    response = script.get("users")

    assert_problem(response, 403, "admin-required")


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "api-keys"), ("GET", "api-keys"), ("POST", "auth/password")],
)
def test_key_cannot_create_keys_or_change_passwords(
    script: KeyClient, method: str, path: str
) -> None:
    response = script.call(method, path, json={})

    assert_problem(response, 403, "session-required")
