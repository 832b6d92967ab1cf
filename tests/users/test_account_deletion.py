"""Account deletion removes all data; the last admin cannot be deleted."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.auth.token_signing import REALM
from tests.helpers.cli import run
from tests.helpers.client import (
    PASSWORD,
    Client,
    another_session,
    assert_problem,
    field_errors,
)
from tests.helpers.concurrency import meeting, run_concurrently
from tests.helpers.rows import count

PROOF = {"password": PASSWORD}
LOGIN = {"email": "ann@example.org", "password": PASSWORD}


@pytest.fixture
def admin(ann: Client) -> Client:
    """Return a client that is logged in as the only admin."""
    run(ann.app, "users", "promote", "ann@example.org")
    ann.user = ann.get("users/me").json
    return ann


@pytest.mark.parametrize(
    "password", ["a long walk in the sun", PASSWORD.upper(), PASSWORD + " "]
)
def test_wrong_password_deletes_nothing(ann: Client, password: str) -> None:
    task = ann.create_task()

    response = ann.delete("users/me", {"password": password})

    assert_problem(response, 401, "invalid-credentials")
    assert response.headers["WWW-Authenticate"] == REALM
    assert ann.get("users/me").json == ann.user
    assert ann.get(f"tasks/{task['id']}").json == task


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, {"#/password": "required"}),
        ({}, {"#/password": "required"}),
        ({"password": None}, {"#/password": "null"}),
        ({"password": 7}, {"#/password": "type"}),
        ({"password": ""}, {"#/password": "length"}),
        ({"password": "x" * 129}, {"#/password": "length"}),
        (PROOF | {"sure": True}, {"#/sure": "unknown"}),
    ],
    ids=["no-body", "empty", "null", "number", "blank", "long", "unknown-field"],
)
def test_deletion_requires_the_password(
    ann: Client, body: Any, expected: dict[str, str]
) -> None:
    response = ann.delete("users/me", body)

    assert field_errors(response) == expected
    assert ann.get("users/me").json == ann.user


@pytest.mark.one_database
def test_deletion_returns_204_without_a_body(ann: Client) -> None:
    response = ann.delete("users/me", PROOF)

    assert (response.status_code, response.data) == (204, b"")


def test_deleted_account_cannot_log_in(ann: Client) -> None:
    ann.delete("users/me", PROOF)

    response = ann.post("auth/login", LOGIN)

    assert_problem(response, 401, "invalid-credentials")


def test_deletion_revokes_every_session(ann: Client) -> None:
    other = another_session(ann)
    token = {"refresh_token": other.tokens["refresh_token"]}

    ann.delete("users/me", PROOF)

    assert_problem(ann.get("users/me"), 401, "session-revoked")
    assert_problem(other.get("users/me"), 401, "session-revoked")
    assert_problem(other.post("auth/refresh", token), 401, "session-revoked")


@pytest.mark.parametrize("table", ["users", "sessions", "tasks"])
def test_deletion_removes_all_rows_of_the_account(ann: Client, table: str) -> None:
    ann.create_task()
    before = count(ann.app, table)

    ann.delete("users/me", PROOF)

    assert (before, count(ann.app, table)) == (1, 0)


def test_deletion_keeps_the_data_of_other_accounts(ann: Client, bob: Client) -> None:
    task = bob.create_task()

    response = ann.delete("users/me", PROOF)

    assert response.status_code == 204
    assert bob.get("users/me").json == bob.user
    assert bob.get(f"tasks/{task['id']}").json == task


def test_registration_of_a_released_name_is_a_new_account(ann: Client) -> None:
    ann.create_task()
    ann.delete("users/me", PROOF)

    new_user = Client(ann.app, "ann").sign_in()

    assert new_user.user["id"] > ann.user["id"]
    assert new_user.get("tasks").json["items"] == []
    assert_problem(ann.get("users/me"), 401, "session-revoked")


def test_last_admin_cannot_be_deleted(admin: Client, bob: Client) -> None:
    task = admin.create_task()

    response = admin.delete("users/me", PROOF)

    assert_problem(response, 409, "last-admin")
    assert admin.get("users/me").json == admin.user
    assert admin.get(f"tasks/{task['id']}").json == task


def test_password_is_checked_before_the_last_admin(admin: Client) -> None:
    response = admin.delete("users/me", {"password": "a long walk in the sun"})

    assert_problem(response, 401, "invalid-credentials")


def test_admin_promoted_by_command_counts(ann: Client) -> None:
    command = [
        "create",
        "--email",
        "root@example.org",
        "--admin",
        "--password",
        PASSWORD,
    ]
    run(ann.app, "users", *command)
    root = Client(ann.app, "root").log_in()

    response = root.delete("users/me", PROOF)

    assert_problem(response, 409, "last-admin")
    assert root.get("users/me").json["role"] == "admin"


def test_one_of_two_admins_can_be_deleted(admin: Client, bob: Client) -> None:
    run(bob.app, "users", "promote", "bob@example.org")

    response = admin.delete("users/me", PROOF)

    assert response.status_code == 204
    assert bob.get("users/me").json["role"] == "admin"


def test_deactivated_admin_does_not_count(admin: Client, bob: Client) -> None:
    run(bob.app, "users", "promote", "bob@example.org")
    run(bob.app, "users", "deactivate", "bob@example.org")

    response = admin.delete("users/me", PROOF)

    assert_problem(response, 409, "last-admin")


def test_concurrent_deletions_of_two_admins_leave_one(
    admin: Client, bob: Client
) -> None:
    run(bob.app, "users", "promote", "bob@example.org")

    with meeting(admin.app, "DELETE FROM users"):
        responses = run_concurrently(
            lambda: admin.delete("users/me", PROOF),
            lambda: bob.delete("users/me", PROOF),
        )

    assert sorted(response.status_code for response in responses) == [204, 409]
    assert count(admin.app, "users") == 1


def test_deletion_needs_no_version(ann: Client, app_with: Callable[..., Flask]) -> None:
    there = Client(app_with(require_if_match=True))
    there.tokens = ann.tokens

    response = there.delete("users/me", PROOF)

    assert response.status_code == 204
