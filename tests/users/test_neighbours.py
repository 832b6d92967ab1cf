"""What one account does concerns no other: the middle of three acts."""

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.backstage import count, store_user, stored_user
from tests.support import PASSWORD, Client, refused

NEW = "an evening at the sea"
PASSWORDS = {
    "ann": "a long walk in the rain",
    "bob": "a short nap in the shade",
    "cat": "a high jump over the wall",
}


def log_in(app: Flask, name: str, password: str) -> TestResponse:
    body = {"email": f"{name}@example.org", "password": password}
    return Client(app).post("auth/login", body)


def newcomer(app: Flask, name: str) -> Client:
    """Return somebody with a password of their own, who has logged in."""
    made = Client(app, name)
    account = {"email": f"{name}@example.org", "password": PASSWORDS[name]}
    made.user = made.post("auth/register", account).json
    return made.log_in(PASSWORDS[name])


@pytest.fixture
def three(app: Flask) -> list[Client]:
    """Return three people with different passwords, the oldest account first."""
    return [newcomer(app, name) for name in PASSWORDS]


def hashes(people: list[Client]) -> list[str]:
    return [stored_user(person).password_hash for person in people]


def changed(before: list[str], after: list[str]) -> list[bool]:
    return [old != new for old, new in zip(before, after, strict=True)]


def test_everybody_is_themselves(three: list[Client]) -> None:
    seen = [person.get("users/me").json for person in three]

    assert seen == [person.user for person in three]


@pytest.mark.parametrize("neighbour", ["ann", "cat"])
def test_the_password_of_a_neighbour_logs_nobody_in(
    app: Flask, three: list[Client], neighbour: str
) -> None:
    answer = log_in(app, "bob", PASSWORDS[neighbour])

    refused(answer, 401, "invalid-credentials")


@pytest.mark.parametrize(
    ("proof", "status"),
    [("ann", 401), ("bob", 204), ("cat", 401)],
    ids=["before", "own", "after"],
)
def test_only_the_own_password_changes_the_password(
    three: list[Client], proof: str, status: int
) -> None:
    body = {"current_password": PASSWORDS[proof], "new_password": NEW}

    answer = three[1].post("auth/password", body)

    assert answer.status_code == status


def test_a_new_password_is_the_password_of_nobody_else(three: list[Client]) -> None:
    before = hashes(three)
    body = {"current_password": PASSWORDS["bob"], "new_password": NEW}

    three[1].post("auth/password", body)

    assert changed(before, hashes(three)) == [False, True, False]


def test_a_renewed_hash_is_that_of_nobody_else(
    three: list[Client], twin: Callable[..., Flask]
) -> None:
    before = hashes(three)

    log_in(twin(bcrypt_rounds=5), "bob", PASSWORDS["bob"])

    assert changed(before, hashes(three)) == [False, True, False]


def test_a_change_is_that_of_nobody_else(three: list[Client]) -> None:
    answer = three[1].patch("users/me", {"full_name": "Bob"})

    names = [person.get("users/me").json["full_name"] for person in three]
    assert answer.status_code == 200
    assert names == [None, "Bob", None]


def test_a_deletion_is_that_of_nobody_else(three: list[Client]) -> None:
    answer = three[1].delete("users/me", {"password": PASSWORDS["bob"]})

    assert answer.status_code == 204
    assert count(three[0].app, "users") == 2
    assert three[0].get("users/me").json == three[0].user
    assert three[2].get("users/me").json == three[2].user


def test_a_disabled_neighbour_disables_nobody(app: Flask, three: list[Client]) -> None:
    store_user(three[0], is_active=False)
    store_user(three[2], is_active=False)

    answer = log_in(app, "bob", PASSWORDS["bob"])

    assert answer.status_code == 200
    assert three[1].get("users/me").json == three[1].user


def test_the_username_of_one_logs_in_nobody_else(three: list[Client]) -> None:
    three[1].patch("users/me", {"username": "bob"})
    body = {"username": "bob", "password": PASSWORD}

    answer = Client(three[0].app).post("auth/login", body)

    refused(answer, 401, "invalid-credentials")
