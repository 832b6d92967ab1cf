"""Who deletes their account leaves nothing behind, and the last admin stays."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.auth.forging import REALM
from tests.backstage import another_session, at_once, count, meeting, run
from tests.support import PASSWORD, Client, faults, refused

PROOF = {"password": PASSWORD}
LOGIN = {"email": "ann@example.org", "password": PASSWORD}


@pytest.fixture
def admin(ann: Client) -> Client:
    """Return Ann, the only admin."""
    run(ann.app, "users", "promote", "ann@example.org")
    ann.user = ann.get("users/me").json
    return ann


@pytest.mark.parametrize(
    "password", ["a long walk in the sun", PASSWORD.upper(), PASSWORD + " "]
)
def test_a_wrong_password_deletes_nothing(ann: Client, password: str) -> None:
    task = ann.make_task()

    answer = ann.delete("users/me", {"password": password})

    refused(answer, 401, "invalid-credentials")
    assert answer.headers["WWW-Authenticate"] == REALM
    assert ann.get("users/me").json == ann.user
    assert ann.get(f"tasks/{task['id']}").json == task


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
def test_a_deletion_asks_for_the_password(
    ann: Client, body: Any, expected: dict[str, str]
) -> None:
    answer = ann.delete("users/me", body)

    assert faults(answer) == expected
    assert ann.get("users/me").json == ann.user


def test_a_deletion_has_nothing_to_say(ann: Client) -> None:
    answer = ann.delete("users/me", PROOF)

    assert (answer.status_code, answer.data) == (204, b"")


def test_who_is_gone_cannot_log_in(ann: Client) -> None:
    ann.delete("users/me", PROOF)

    answer = ann.post("auth/login", LOGIN)

    refused(answer, 401, "invalid-credentials")


def test_who_is_gone_is_gone_in_every_session(ann: Client) -> None:
    other = another_session(ann)
    token = {"refresh_token": other.tokens["refresh_token"]}

    ann.delete("users/me", PROOF)

    refused(ann.get("users/me"), 401, "session-revoked")
    refused(other.get("users/me"), 401, "session-revoked")
    refused(other.post("auth/refresh", token), 401, "session-revoked")


@pytest.mark.parametrize("table", ["users", "sessions", "tasks"])
def test_everything_of_who_is_gone_leaves_the_database(ann: Client, table: str) -> None:
    ann.make_task()
    before = count(ann.app, table)

    ann.delete("users/me", PROOF)

    assert (before, count(ann.app, table)) == (1, 0)


def test_a_deletion_takes_nothing_from_anyone_else(ann: Client, bob: Client) -> None:
    task = bob.make_task()

    answer = ann.delete("users/me", PROOF)

    assert answer.status_code == 204
    assert bob.get("users/me").json == bob.user
    assert bob.get(f"tasks/{task['id']}").json == task


def test_who_takes_the_name_of_who_is_gone_is_someone_else(ann: Client) -> None:
    ann.make_task()
    ann.delete("users/me", PROOF)

    newcomer = Client(ann.app, "ann").sign_in()

    assert newcomer.user["id"] > ann.user["id"]
    assert newcomer.get("tasks").json["items"] == []
    refused(ann.get("users/me"), 401, "session-revoked")


def test_the_last_admin_stays(admin: Client, bob: Client) -> None:
    task = admin.make_task()

    answer = admin.delete("users/me", PROOF)

    refused(answer, 409, "last-admin")
    assert admin.get("users/me").json == admin.user
    assert admin.get(f"tasks/{task['id']}").json == task


def test_the_last_admin_is_asked_for_the_password_first(admin: Client) -> None:
    answer = admin.delete("users/me", {"password": "a long walk in the sun"})

    refused(answer, 401, "invalid-credentials")


def test_an_admin_whom_the_operator_made_counts(ann: Client) -> None:
    words = ["create", "--email", "root@example.org", "--admin", "--password", PASSWORD]
    run(ann.app, "users", *words)
    root = Client(ann.app, "root").log_in()

    answer = root.delete("users/me", PROOF)

    refused(answer, 409, "last-admin")
    assert root.get("users/me").json["role"] == "admin"


def test_one_of_two_admins_may_go(admin: Client, bob: Client) -> None:
    run(bob.app, "users", "promote", "bob@example.org")

    answer = admin.delete("users/me", PROOF)

    assert answer.status_code == 204
    assert bob.get("users/me").json["role"] == "admin"


def test_a_disabled_admin_does_not_count(admin: Client, bob: Client) -> None:
    run(bob.app, "users", "promote", "bob@example.org")
    run(bob.app, "users", "deactivate", "bob@example.org")

    answer = admin.delete("users/me", PROOF)

    refused(answer, 409, "last-admin")


def test_of_two_admins_who_go_at_once_one_stays(admin: Client, bob: Client) -> None:
    run(bob.app, "users", "promote", "bob@example.org")

    with meeting(admin.app, "DELETE FROM users"):
        answers = at_once(
            lambda: admin.delete("users/me", PROOF),
            lambda: bob.delete("users/me", PROOF),
        )

    assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert count(admin.app, "users") == 1


def test_an_account_need_not_name_its_version_to_go(
    ann: Client, twin: Callable[..., Flask]
) -> None:
    there = Client(twin(require_if_match=True))
    there.tokens = ann.tokens

    answer = there.delete("users/me", PROOF)

    assert answer.status_code == 204
