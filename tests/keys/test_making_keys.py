"""A key is made by a session, shown once, and kept as a hash."""

import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest

from taskapi import clock
from tests.backstage import run
from tests.keys.holding import Holder, holder, make_key, stored_key
from tests.support import Client, faults, refused

SPELLING = r"tsk_[0-9a-f]{8}_[A-Za-z0-9_-]{43}"
SHOWN = {
    "id",
    "name",
    "prefix",
    "scopes",
    "expires_at",
    "last_used_at",
    "created_at",
}
YESTERDAY = "2020-01-01T00:00:00Z"
REFUSED: dict[str, tuple[Any, dict[str, str]]] = {
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
    "prefix-given": ({"name": "n", "prefix": "0" * 8}, {"#/prefix": "read-only"}),
    "owner-given": ({"name": "n", "user_id": 1}, {"#/user_id": "unknown"}),
    "admin-by-a-user": ({"name": "n", "scopes": ["admin"]}, {"#/scopes": "choice"}),
}


def test_a_new_key_is_shown_with_its_parts(ann: Client) -> None:
    answer = ann.post("api-keys", {"name": "backup"})

    key = answer.json
    assert answer.status_code == 201
    assert set(key) == SHOWN | {"api_key"}
    assert re.fullmatch(SPELLING, key["api_key"])
    assert key["api_key"].split("_")[1] == key["prefix"]
    assert (key["expires_at"], key["last_used_at"]) == (None, None)


def test_a_new_key_says_where_it_is(ann: Client) -> None:
    answer = ann.post("api-keys", {"name": "backup"})

    found = ann.get(answer.headers["Location"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert found.status_code == 200
    assert found.json["id"] == answer.json["id"]


def test_a_key_is_never_shown_again(ann: Client) -> None:
    made = make_key(ann)

    one, many = ann.get(f"api-keys/{made['id']}"), ann.get("api-keys")

    assert set(one.json) == SHOWN
    assert many.json["items"] == [one.json]
    assert made["api_key"].split("_", 2)[2] not in one.text + many.text


def test_what_is_stored_of_a_key_is_its_hash(ann: Client) -> None:
    text = make_key(ann)["api_key"]

    row = stored_key(ann)

    assert row.secret_hash == hashlib.sha256(text.encode()).hexdigest()
    assert text.split("_", 2)[2] not in str(tuple(row))


def test_two_keys_have_nothing_in_common(ann: Client) -> None:
    first, second = make_key(ann), make_key(ann)

    assert first["prefix"] != second["prefix"]
    assert first["api_key"][13:] != second["api_key"][13:]


def test_a_key_reads_and_writes_tasks_unless_it_is_told(ann: Client) -> None:
    key = make_key(ann)

    assert key["scopes"] == ["tasks:read", "tasks:write"]


def test_scopes_are_kept_in_one_order_and_once(ann: Client) -> None:
    key = make_key(ann, scopes=["account:read", "tasks:read", "account:read"])

    found = ann.get(f"api-keys/{key['id']}").json

    assert key["scopes"] == found["scopes"] == ["tasks:read", "account:read"]


def test_a_name_may_have_a_hundred_characters(ann: Client) -> None:
    key = make_key(ann, name="ü" * 100)

    assert key["name"] == "ü" * 100


def test_a_key_keeps_the_end_it_is_given(ann: Client) -> None:
    ends = (clock.now() + timedelta(days=3)).isoformat().replace("+00:00", "Z")

    key = make_key(ann, expires_at=ends)

    assert key["expires_at"][:19] == ends[:19]
    assert ann.get(f"api-keys/{key['id']}").json["expires_at"] == key["expires_at"]


@pytest.mark.parametrize(("body", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_key_that_cannot_be_is_not_made(
    ann: Client, body: Any, expected: dict[str, str]
) -> None:
    answer = ann.post("api-keys", body)

    assert faults(answer) == expected
    assert ann.get("api-keys").json["items"] == []


def test_an_administrator_makes_keys_that_administer(admin: Client) -> None:
    script = holder(admin, "admin")

    answer = script.get("users")

    assert answer.status_code == 200


def test_a_key_that_administers_is_dead_when_its_owner_is_lowered(
    admin: Client, bob: Client
) -> None:
    script = holder(admin, "admin")
    run(bob.app, "users", "promote", "bob@example.org")
    bob.patch(f"users/{admin.user['id']}", {"role": "user"})

    answer = script.get("users")

    refused(answer, 403, "admin-required")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "api-keys"), ("GET", "api-keys"), ("POST", "auth/password")],
)
def test_a_key_makes_no_keys_and_changes_no_password(
    script: Holder, method: str, path: str
) -> None:
    answer = script.call(method, path, json={})

    refused(answer, 403, "session-required")
