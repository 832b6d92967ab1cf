"""Accounts that change during a login: the state at its commit decides."""

from collections.abc import Callable
from typing import Any

import bcrypt
import pytest

from tests.helpers.client import PASSWORD, Client, assert_problem
from tests.helpers.rows import count, store_user, stored_user

DuringHash = Callable[[Callable[[], Any]], None]
LOGIN = {"email": "ann@example.org", "password": PASSWORD}


@pytest.fixture
def during_hash(monkeypatch: pytest.MonkeyPatch) -> DuringHash:
    """Return a function that calls another one while a password is hashed."""
    hashpw = bcrypt.hashpw

    def arrange(event: Callable[[], Any]) -> None:
        def hash_after_event(password: bytes, salt: bytes) -> bytes:
            event()
            return hashpw(password, salt)

        monkeypatch.setattr(bcrypt, "hashpw", hash_after_event)

    return arrange


@pytest.fixture
def known(anonymous: Client) -> Client:
    """Return a client with an account and without a session."""
    anonymous.name = "ann"
    return anonymous.register()


def test_account_deactivated_during_login_gets_no_session(
    known: Client, during_hash: DuringHash
) -> None:
    during_hash(lambda: store_user(known, is_active=False))

    response = known.post("auth/login", LOGIN)

    assert_problem(response, 401, "invalid-credentials")
    assert count(known.app, "sessions") == 0


@pytest.mark.parametrize("other", ["$2b$04$" + "." * 53, "$2b$04$" + "z" * 53])
def test_password_changed_during_login_gets_no_session(
    known: Client, during_hash: DuringHash, other: str
) -> None:
    during_hash(lambda: store_user(known, password_hash=other))

    response = known.post("auth/login", LOGIN)

    assert_problem(response, 401, "invalid-credentials")
    assert count(known.app, "sessions") == 0
    assert stored_user(known).password_hash == other


def test_accounts_with_the_same_hash_log_in_separately(
    known: Client, bob: Client
) -> None:
    store_user(bob, password_hash=stored_user(known).password_hash)

    accounts = [client.log_in().get("users/me").json for client in (known, bob)]

    assert accounts == [known.user, bob.user]


@pytest.mark.one_database
@pytest.mark.parametrize(
    "stored", ["!", "", "$2b$04$", "$2b$04$" + "z" * 53, "plain text"]
)
@pytest.mark.parametrize("password", [PASSWORD, "!", "plain text"])
def test_malformed_hash_matches_no_password(
    known: Client, stored: str, password: str
) -> None:
    store_user(known, password_hash=stored)

    response = known.post("auth/login", LOGIN | {"password": password})

    assert_problem(response, 401, "invalid-credentials")
