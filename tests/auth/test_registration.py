"""Who registers has an account, known by email, username or both."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask

from taskapi import passwords
from tests.backstage import at_once, count
from tests.support import PASSWORD, Client, refused

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
CROWD = 50

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


def spelling(name: str, number: int) -> str:
    """Write a name with capitals where the number has bits."""
    letters = [c.upper() if number >> n & 1 else c for n, c in enumerate(name)]
    return "".join(letters)


@pytest.mark.parametrize("names", NAMES, ids=["email", "username", "both"])
def test_an_account_has_the_names_it_was_given(
    anyone: Client, names: dict[str, str]
) -> None:
    account = names | {"password": PASSWORD}

    answer = anyone.post("auth/register", account)

    expected = {"email": None, "username": None} | names
    assert answer.status_code == 201
    assert {name: answer.json[name] for name in expected} == expected


def test_an_account_begins_as_an_ordinary_one(anyone: Client) -> None:
    answer = anyone.post("auth/register", BOTH)

    user = answer.json
    assert user.keys() == USER
    assert (user["role"], user["is_active"]) == ("user", True)
    assert (user["email_verified"], user["timezone"]) == (False, "UTC")
    assert (user["version"], user["full_name"]) == (1, None)
    assert user["created_at"] == user["updated_at"]


def test_an_account_takes_a_name_and_a_time_zone(anyone: Client) -> None:
    more = {"full_name": "  Ann Ångström  ", "timezone": "Europe/Berlin"}

    answer = anyone.post("auth/register", BOTH | more)

    assert answer.json["full_name"] == "Ann Ångström"
    assert answer.json["timezone"] == "Europe/Berlin"


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
    anyone: Client, given: dict[str, str], kept: dict[str, str]
) -> None:
    answer = anyone.post("auth/register", BOTH | given)

    assert answer.status_code == 201
    assert answer.json | kept == answer.json


def test_registration_says_where_the_account_is_and_which_version(
    anyone: Client,
) -> None:
    answer = anyone.post("auth/register", BOTH)

    assert answer.headers["Location"] == "/api/v1/users/me"
    assert answer.headers["ETag"] == '"1"'


def test_an_account_is_answered_as_it_is_read_later(ann: Client) -> None:
    registered = ann.user

    read = ann.get("users/me")

    assert read.json == registered


@pytest.mark.parametrize(
    ("field", "offered"),
    [
        ("email", "ann@example.org"),
        ("email", " ANN@Example.Org "),
        ("email", "ａｎｎ@example.org"),  # noqa: RUF001 - wide letters
        ("username", "ann"),
        ("username", "\tANN\n"),
        ("username", "ａｎｎ"),  # noqa: RUF001 - wide letters
    ],
    ids=["email", "EMAIL", "wide-email", "username", "USERNAME", "wide-username"],
)
def test_a_name_is_taken_in_every_spelling(
    anyone: Client, field: str, offered: str
) -> None:
    anyone.post("auth/register", BOTH)

    answer = anyone.post("auth/register", {field: offered, "password": PASSWORD})

    problem = refused(answer, 409, "already-exists")
    assert problem["field"] == field
    assert count(anyone.app, "users") == 1


@pytest.mark.parametrize("field", ["email", "username"])
def test_of_two_names_the_taken_one_is_said(anyone: Client, field: str) -> None:
    fresh = {"email": "new@example.org", "username": "new", "password": PASSWORD}
    anyone.post("auth/register", BOTH)

    answer = anyone.post("auth/register", fresh | {field: BOTH[field]})

    assert refused(answer, 409, "already-exists")["field"] == field


@pytest.mark.parametrize(
    "name",
    [{"username": "users.role"}, {"email": "ann@users.timezone"}],
    ids=["username", "email"],
)
def test_a_taken_name_that_looks_like_a_column_is_still_that_name(
    anyone: Client, name: dict[str, str]
) -> None:
    anyone.post("auth/register", name | {"password": PASSWORD})

    answer = anyone.post("auth/register", name | {"password": PASSWORD})

    assert refused(answer, 409, "already-exists")["field"] == next(iter(name))


@pytest.mark.parametrize(
    "names",
    [
        [{"email": "ann@example.org"}] * CROWD,
        [{"username": spelling("annabel", number)} for number in range(CROWD)],
    ],
    ids=["email", "username"],
)
def test_of_fifty_who_take_one_name_at_once_one_has_it(
    anyone: Client,
    twin: Callable[..., Flask],
    monkeypatch: pytest.MonkeyPatch,
    names: list[dict[str, str]],
) -> None:
    monkeypatch.setattr(passwords, "WAITING", CROWD)  # all get past their hash
    crowd = Client(twin())

    accounts = [name | {"password": PASSWORD} for name in names]
    answers = at_once(*[partial(crowd.post, "auth/register", a) for a in accounts])

    first, *others = sorted(answers, key=lambda answer: answer.status_code)
    assert first.status_code == 201
    assert {refused(a, 409, "already-exists")["field"] for a in others} == {*names[0]}
    assert count(anyone.app, "users") == 1


def test_a_closed_registration_makes_no_account(
    anyone: Client, twin: Callable[..., Flask]
) -> None:
    closed = Client(twin(registration="closed"))

    answer = closed.post("auth/register", BOTH)

    refused(answer, 403, "registration-closed")
    assert count(anyone.app, "users") == 0


def test_a_closed_registration_leaves_the_door_open_to_who_has_an_account(
    ann: Client, twin: Callable[..., Flask]
) -> None:
    there = Client(twin(registration="closed"), "ann")

    there.log_in()

    assert there.get("users/me").json == ann.user


@pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES)
def test_no_answer_shows_a_password_or_its_hash(
    ann: Client, exchange: tuple[str, str, dict[str, Any] | None, int]
) -> None:
    method, path, body, status = exchange

    answer = ann.call(method, path, json=body)

    assert answer.status_code == status
    assert PASSWORD not in answer.text
    assert "$2b$" not in answer.text
    assert "hash" not in answer.text
