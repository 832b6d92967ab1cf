"""Response times do not reveal whether an account exists."""

from collections.abc import Callable

import bcrypt
import pytest
from flask import Flask

from taskapi.users import throttling
from tests.auth.timing import EQUAL_RANGE, Request, likelihood
from tests.helpers.client import Client
from tests.helpers.rows import store_user

pytestmark = pytest.mark.slow  # statistics over many requests

ROUNDS = 8
WRONG = "a wrong password"


def posting(path: str, **body: str) -> Request:
    return lambda client: client.post(path, body)


LOGIN = {
    name: posting("auth/login", email=f"{name}@example.org", password=WRONG)
    for name in ("known", "deactivated", "unknown")
}
RESET = {
    name: posting("auth/password-reset/request", email=f"{name}@example.org")
    for name in ("known", "unknown")
}
PAIRS = {
    "login": (401, LOGIN["known"], LOGIN["unknown"]),
    "login-of-deactivated": (401, LOGIN["deactivated"], LOGIN["unknown"]),
    "password-reset": (202, RESET["known"], RESET["unknown"]),
}


@pytest.fixture
def anonymous(
    app_with: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> Client:
    """Return a client of an app with emails and expensive hashes."""
    monkeypatch.setattr(throttling, "MAX_EMAILS", 1000)
    expensive = app_with(
        bcrypt_rounds=ROUNDS, smtp_url="smtp://127.0.0.1:1", mail_from="a@b.cc"
    )
    Client(expensive, "known").register()
    store_user(Client(expensive, "deactivated").register(), is_active=False)
    return Client(expensive)


@pytest.mark.parametrize(("status", "known", "unknown"), PAIRS.values(), ids=PAIRS)
def test_known_and_unknown_accounts_take_the_same_time(
    anonymous: Client, status: int, known: Request, unknown: Request
) -> None:
    longer = likelihood(anonymous, known, unknown)

    assert EQUAL_RANGE[0] < longer < EQUAL_RANGE[1]
    assert [known(anonymous).status_code, unknown(anonymous).status_code] == [
        status
    ] * 2


def test_missing_hash_for_unknown_users_would_be_detected(
    anonymous: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashpw = bcrypt.hashpw
    unknown_hash = b"." * 53
    monkeypatch.setattr(
        bcrypt,
        "hashpw",
        lambda p, salt: b"" if unknown_hash in salt else hashpw(p, salt),
    )

    longer = likelihood(anonymous, LOGIN["known"], LOGIN["unknown"])

    assert longer > EQUAL_RANGE[1]
