"""Registration with an email, a username or both."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask

from taskapi import passwords
from tests.conftest import LOCK_TIMEOUT_SECONDS
from tests.helpers.client import PASSWORD, Client, assert_problem
from tests.helpers.concurrency import run_concurrently
from tests.helpers.rows import count

USER = {
    "id",
    "email",
    "username",
    "full_name",
    "role",
    "is_active",
    "email_verified",
    "timezone",
    "version",
    "created_at",
    "updated_at",
}
BOTH = {"email": "ann@example.org", "username": "ann", "password": PASSWORD}
NAMES = [
    {"email": "ann@example.org"},
    {"username": "ann"},
    {"email": "ann@example.org", "username": "ann"},
]
CLIENTS = 20
"""Each has a database connection, as every thread of a server does."""

ROUNDS = [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 50))]

LOGIN = {"email": "ann@example.org", "password": PASSWORD}
MOVE = {"email": "a@example.net", "current_password": PASSWORD}
EXCHANGES: dict[str, tuple[str, str, dict[str, Any] | None, int]] = {
    "registered": ("POST", "auth/register", BOTH | {"email": "c@example.org"}, 201),
    "taken": ("POST", "auth/register", BOTH, 409),
    "not-registered": ("POST", "auth/register", BOTH | {"email": ""}, 422),
    "logged-in": ("POST", "auth/login", LOGIN, 200),
    "not-logged-in": ("POST", "auth/login", LOGIN | {"email": "c@example.org"}, 401),
    "read": ("GET", "users/me", None, 200),
    "changed": ("PATCH", "users/me", MOVE, 200),
    "not-changed": ("PATCH", "users/me", MOVE | {"email": "a@b"}, 422),
    "not-deleted": ("DELETE", "users/me", LOGIN, 422),
}


def variant(name: str, number: int) -> str:
    """Return a case variant of a name: bits of the number select capitals."""
    characters = [c.upper() if number >> n & 1 else c for n, c in enumerate(name)]
    return "".join(characters)


@pytest.mark.parametrize("names", NAMES, ids=["email", "username", "both"])
def test_account_has_the_registered_names(
    anonymous: Client, names: dict[str, str]
) -> None:
    account = names | {"password": PASSWORD}

    response = anonymous.post("auth/register", account)

    expected = {"email": None, "username": None} | names
    assert response.status_code == 201
    assert {name: response.json[name] for name in expected} == expected


def test_account_starts_as_an_active_user(anonymous: Client) -> None:
    response = anonymous.post("auth/register", BOTH)

    user = response.json
    assert user.keys() == USER
    assert (user["role"], user["is_active"]) == ("user", True)
    assert (user["email_verified"], user["timezone"]) == (False, "UTC")
    assert (user["version"], user["full_name"]) == (1, None)
    assert user["created_at"] == user["updated_at"]


def test_account_accepts_full_name_and_time_zone(anonymous: Client) -> None:
    more = {"full_name": "  Ann Ångström  ", "timezone": "Europe/Berlin"}

    response = anonymous.post("auth/register", BOTH | more)

    assert response.json["full_name"] == "Ann Ångström"
    assert response.json["timezone"] == "Europe/Berlin"


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"email": " Ann@EXAMPLE.org\t"}, {"email": "ann@example.org"}),
        ({"email": "ＡＮＮ@example.org"}, {"email": "ann@example.org"}),  # noqa: RUF001
        ({"username": " Ann.B-C_9 "}, {"username": "ann.b-c_9"}),
        ({"username": "ＡＮＮ"}, {"username": "ann"}),  # noqa: RUF001
        ({"username": "a" * 50}, {"username": "a" * 50}),
        ({"full_name": "😀" * 100}, {"full_name": "😀" * 100}),
    ],
    ids=["email", "wide-email", "username", "wide-username", "longest", "full-name"],
)
def test_names_are_trimmed_and_folded(
    anonymous: Client, given: dict[str, str], kept: dict[str, str]
) -> None:
    response = anonymous.post("auth/register", BOTH | given)

    assert response.status_code == 201
    assert response.json | kept == response.json


def test_registration_returns_location_and_etag(
    anonymous: Client,
) -> None:
    response = anonymous.post("auth/register", BOTH)

    assert response.headers["Location"] == "/api/v1/users/me"
    assert response.headers["ETag"] == '"1"'


def test_registration_returns_the_account_as_it_is_read_later(ann: Client) -> None:
    registered = ann.user

    read = ann.get("users/me")

    assert read.json == registered


@pytest.mark.parametrize(
    ("field", "offered"),
    [
        ("email", "ann@example.org"),
        ("email", " ANN@Example.Org "),
        ("email", "ａｎｎ@example.org"),  # noqa: RUF001 - full-width characters
        ("username", "ann"),
        ("username", "\tANN\n"),
        ("username", "ａｎｎ"),  # noqa: RUF001 - full-width characters
    ],
    ids=["email", "EMAIL", "wide-email", "username", "USERNAME", "wide-username"],
)
def test_name_is_unique_in_its_folded_form(
    anonymous: Client, field: str, offered: str
) -> None:
    anonymous.post("auth/register", BOTH)

    response = anonymous.post("auth/register", {field: offered, "password": PASSWORD})

    problem = assert_problem(response, 409, "already-exists")
    assert problem["field"] == field
    assert count(anonymous.app, "users") == 1


@pytest.mark.parametrize("field", ["email", "username"])
def test_conflict_names_the_taken_field(anonymous: Client, field: str) -> None:
    fresh = {"email": "new@example.org", "username": "new", "password": PASSWORD}
    anonymous.post("auth/register", BOTH)

    response = anonymous.post("auth/register", fresh | {field: BOTH[field]})

    assert assert_problem(response, 409, "already-exists")["field"] == field


@pytest.mark.parametrize(
    "name",
    [{"username": "users.role"}, {"email": "ann@users.timezone"}],
    ids=["username", "email"],
)
def test_conflict_is_found_for_a_name_that_looks_like_a_column(
    anonymous: Client, name: dict[str, str]
) -> None:
    anonymous.post("auth/register", name | {"password": PASSWORD})

    response = anonymous.post("auth/register", name | {"password": PASSWORD})

    assert assert_problem(response, 409, "already-exists")["field"] == next(iter(name))


@pytest.mark.parametrize("attempt", ROUNDS)
@pytest.mark.parametrize(
    "names",
    [
        [{"email": "ann@example.org"}] * CLIENTS,
        [{"username": variant("annabel", number)} for number in range(CLIENTS)],
    ],
    ids=["email", "username"],
)
def test_concurrent_registrations_of_one_name_create_one_account(
    anonymous: Client,
    app_with: Callable[..., Flask],
    monkeypatch: pytest.MonkeyPatch,
    names: list[dict[str, str]],
    attempt: int,
) -> None:
    # no registration is rejected by the hash queue, whose thread has a low priority
    monkeypatch.setattr(passwords, "MAX_WAITING", CLIENTS)
    monkeypatch.setattr(passwords, "TIMEOUT_SECONDS", LOCK_TIMEOUT_SECONDS)
    client = Client(app_with())

    accounts = [name | {"password": PASSWORD} for name in names]
    responses = run_concurrently(
        *[partial(client.post, "auth/register", a) for a in accounts]
    )

    first, *others = sorted(responses, key=lambda response: response.status_code)
    assert first.status_code == 201
    assert {assert_problem(a, 409, "already-exists")["field"] for a in others} == {
        *names[0]
    }
    assert count(anonymous.app, "users") == 1
    assert count(anonymous.app, "projects") == 1


def test_closed_registration_creates_no_account(
    anonymous: Client, app_with: Callable[..., Flask]
) -> None:
    closed = Client(app_with(registration="closed"))

    response = closed.post("auth/register", BOTH)

    assert_problem(response, 403, "registration-closed")
    assert count(anonymous.app, "users") == 0


def test_closed_registration_allows_logins(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    client = Client(app_with(registration="closed"), "ann")

    client.log_in()

    assert client.get("users/me").json == ann.user


@pytest.mark.one_database
@pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES)
def test_response_contains_no_password_and_no_hash(
    ann: Client, exchange: tuple[str, str, dict[str, Any] | None, int]
) -> None:
    method, path, body, status = exchange

    response = ann.call(method, path, json=body)

    assert response.status_code == status
    assert PASSWORD not in response.text
    assert "$2b$" not in response.text
    assert "hash" not in response.text
