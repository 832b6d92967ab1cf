"""Passwords are compared in full, up to 128 characters, in normalized form."""

import pytest

from tests.helpers.client import PASSWORD, Client, assert_problem

pytestmark = pytest.mark.one_database

ACCEPTED = {
    "8-characters": "rain.txt",
    "73-bytes": "r" * 73,
    "128-characters": "ab" * 64,
    "128-characters-of-512-bytes": "😀" * 128,
    "cyrillic": "долгая прогулка под дождём",
    "spaces-around": "  a long walk  ",
    "only-spaces": " " * 8,
    "control-characters": "a long\twalk\r\n\x1b",
}
SIMILAR = {
    "last-of-73": ("r" * 73, "r" * 72 + "s"),
    "first-72-of-73": ("r" * 73, "r" * 72),
    "last-of-128": ("ab" * 64, "ab" * 63 + "ac"),
    "first-127-of-128": ("ab" * 64, ("ab" * 64)[:-1]),
    "last-of-512-bytes": ("😀" * 128, "😀" * 127 + "😁"),
    "upper-case": (PASSWORD, PASSWORD.upper()),
    "space-after": (PASSWORD, PASSWORD + " "),
    "space-before": (PASSWORD, " " + PASSWORD),
    "newline-after": (PASSWORD, PASSWORD + "\n"),
    "space-left-out": (PASSWORD + " ", PASSWORD),
    "accent": ("caf\u00e9 au lait", "cafe au lait"),
    "compatible": ("\uff21nn walks", "Ann walks"),
}


@pytest.mark.parametrize("password", ACCEPTED.values(), ids=ACCEPTED)
def test_login_accepts_the_registered_password(
    anonymous: Client, password: str
) -> None:
    account = {"username": "ann", "password": password}

    registered = anonymous.post("auth/register", account)
    logged_in = anonymous.post("auth/login", account)

    assert registered.status_code == 201
    assert logged_in.status_code == 200


@pytest.mark.parametrize(("password", "other"), SIMILAR.values(), ids=SIMILAR)
def test_login_rejects_a_similar_password(
    anonymous: Client, password: str, other: str
) -> None:
    registered = anonymous.post(
        "auth/register", {"username": "ann", "password": password}
    )

    response = anonymous.post("auth/login", {"username": "ann", "password": other})

    assert registered.status_code == 201
    assert_problem(response, 401, "invalid-credentials")
