"""Operations on one of three accounts do not affect the others."""

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.helpers.client import PASSWORD, Client, assert_problem
from tests.helpers.rows import count, store_user, stored_user

NEW = "an evening at the sea"
PASSWORDS = {
    "ann": "a long walk in the rain",
    "bob": "a short nap in the shade",
    "cat": "a high jump over the wall",
}


def log_in(app: Flask, name: str, password: str) -> TestResponse:
    body = {"email": f"{name}@example.org", "password": password}
    return Client(app).post("auth/login", body)


def new_user(app: Flask, name: str) -> Client:
    """Return a logged-in account with its own password."""
    made = Client(app, name)
    account = {"email": f"{name}@example.org", "password": PASSWORDS[name]}
    made.user = made.post("auth/register", account).json
    return made.log_in(PASSWORDS[name])


@pytest.fixture
def three(app: Flask) -> list[Client]:
    """Return clients of three accounts with different passwords, the oldest first."""
    return [new_user(app, name) for name in PASSWORDS]


def hashes(clients: list[Client]) -> list[str]:
    return [stored_user(client).password_hash for client in clients]


def changed(before: list[str], after: list[str]) -> list[bool]:
    return [old != new for old, new in zip(before, after, strict=True)]


def test_each_account_reads_itself(three: list[Client]) -> None:
    seen = [client.get("users/me").json for client in three]

    assert seen == [client.user for client in three]


@pytest.mark.parametrize("other", ["ann", "cat"])
def test_password_of_another_account_is_rejected(
    app: Flask, three: list[Client], other: str
) -> None:
    response = log_in(app, "bob", PASSWORDS[other])

    assert_problem(response, 401, "invalid-credentials")


@pytest.mark.parametrize(
    ("proof", "status"),
    [("ann", 401), ("bob", 204), ("cat", 401)],
    ids=["before", "own", "after"],
)
def test_password_change_requires_the_own_password(
    three: list[Client], proof: str, status: int
) -> None:
    body = {"current_password": PASSWORDS[proof], "new_password": NEW}

    response = three[1].post("auth/password", body)

    assert response.status_code == status


def test_password_change_affects_no_other_account(three: list[Client]) -> None:
    before = hashes(three)
    body = {"current_password": PASSWORDS["bob"], "new_password": NEW}

    three[1].post("auth/password", body)

    assert changed(before, hashes(three)) == [False, True, False]


def test_renewed_hash_affects_no_other_account(
    three: list[Client], app_with: Callable[..., Flask]
) -> None:
    before = hashes(three)

    log_in(app_with(bcrypt_rounds=5), "bob", PASSWORDS["bob"])

    assert changed(before, hashes(three)) == [False, True, False]


def test_update_affects_no_other_account(three: list[Client]) -> None:
    response = three[1].patch("users/me", {"full_name": "Bob"})

    names = [client.get("users/me").json["full_name"] for client in three]
    assert response.status_code == 200
    assert names == [None, "Bob", None]


def test_deletion_affects_no_other_account(three: list[Client]) -> None:
    response = three[1].delete("users/me", {"password": PASSWORDS["bob"]})

    assert response.status_code == 204
    assert count(three[0].app, "users") == 2
    assert three[0].get("users/me").json == three[0].user
    assert three[2].get("users/me").json == three[2].user


def test_deactivation_affects_no_other_account(app: Flask, three: list[Client]) -> None:
    store_user(three[0], is_active=False)
    store_user(three[2], is_active=False)

    response = log_in(app, "bob", PASSWORDS["bob"])

    assert response.status_code == 200
    assert three[1].get("users/me").json == three[1].user


def test_username_logs_in_only_its_own_account(three: list[Client]) -> None:
    three[1].patch("users/me", {"username": "bob"})
    body = {"username": "bob", "password": PASSWORD}

    response = Client(three[0].app).post("auth/login", body)

    assert_problem(response, 401, "invalid-credentials")
