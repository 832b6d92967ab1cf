"""Invitations reveal nothing about accounts."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from taskapi.mail import smtp
from taskapi.users import throttling
from tests.auth.timing import EQUAL_RANGE, likelihood
from tests.helpers.client import Client, with_app
from tests.helpers.rows import store_user
from tests.helpers.statements import record_statements
from tests.invitations.support import another, verified

Addresses = dict[str, dict[str, str]]
VOLATILE = {"X-Request-ID", "Server-Timing", "Content-Length", "Date"}


@pytest.fixture(params=[False, True], ids=["without-mail", "with-mail"])
def owner(
    request: pytest.FixtureRequest, ann: Client, app_with: Callable[..., Flask]
) -> Client:
    """Return Ann as the client of an app with or without emails."""
    if not request.param:
        return ann
    mail = {"smtp_url": "smtp://127.0.0.1:1", "mail_from": "a@b.cc"}
    client = with_app(ann, app_with(**mail))
    client.get("invitations")  # a new connection sends statements of its own
    return client


@pytest.fixture
def statements(owner: Client) -> Iterator[list[str]]:
    """Return the list of SQL statements of the owner's app."""
    recorded: list[str] = []
    with record_statements(owner.app, lambda text, _=None: recorded.append(text)):
        yield recorded


@pytest.fixture
def addresses(app: Flask) -> Addresses:
    """Return addresses of accounts of each kind, and of none."""
    verified(another(app, "active"))
    another(app, "unverified")
    store_user(verified(another(app, "disabled")), is_active=False)
    names = ("active", "unverified", "disabled", "unknown")
    usernames = {f"username of {name}": {"username": name} for name in names}
    emails = {f"email of {name}": {"email": f"{name}@example.org"} for name in names}
    return usernames | emails


def form(response: TestResponse) -> tuple[Any, ...]:
    """Return a response without the address and what differs with each request."""
    body = {
        name: value if isinstance(value, int) else type(value)
        for name, value in response.json.items()
        if name not in {"id", "username", "email"}
    }
    headers = {n: v for n, v in response.headers.items() if n not in VOLATILE}
    return response.status_code, body, headers


def test_invitations_to_all_accounts_are_alike(
    owner: Client,
    project: dict[str, Any],
    addresses: Addresses,
    statements: list[str],
) -> None:
    forms, texts = [], []
    for address in addresses.values():
        statements.clear()
        response = owner.post(f"projects/{project['id']}/invitations", address)
        forms.append(form(response))
        texts.append([one for one in statements if not one.startswith("BEGIN")])

    assert texts[0]
    assert forms == [forms[0]] * len(addresses)
    assert texts == [texts[0]] * len(addresses)


@pytest.mark.parametrize(
    ("body", "number"), [({"username": "dora"}, 9), ({"email": "d@e.org"}, 9), ({}, 7)]
)
def test_creation_has_a_fixed_number_of_statements(
    owner: Client,
    project: dict[str, Any],
    statements: list[str],
    body: dict[str, str],
    number: int,
) -> None:
    with owner.app.app_context():
        expected = number if not body or smtp.is_on() else number - 1
    statements.clear()

    owner.post(f"projects/{project['id']}/invitations", body)

    sent = [one for one in statements if not one.startswith("BEGIN")]
    assert len(sent) == expected


def test_second_invitations_to_all_accounts_are_alike(
    ann: Client, project: dict[str, Any], addresses: Addresses
) -> None:
    path = f"projects/{project['id']}/invitations"
    for address in addresses.values():
        ann.post(path, address)

    problems = [ann.post(path, address).json for address in addresses.values()]

    details = {p["detail"].replace(p["field"], "address") for p in problems}
    assert {p["code"] for p in problems} == {"already-exists"}
    assert details == {
        "This address is invited already. Revoke the invitation to invite it again."
    }


PAIRS = [
    ("username of active", "username of unknown"),
    ("username of disabled", "username of unknown"),
    ("email of active", "email of unknown"),
    ("email of disabled", "email of unknown"),
]


@pytest.mark.slow  # statistics over many requests
@pytest.mark.parametrize("pair", PAIRS)
def test_invitations_to_all_accounts_take_the_same_time(
    ann: Client,
    project: dict[str, Any],
    addresses: Addresses,
    pair: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throttling, "MAX_INVITATIONS", 1000)
    path = f"projects/{project['id']}/invitations"
    requests = [
        lambda client, one=one: client.post(path, addresses[one]) for one in pair
    ]

    longer = likelihood(ann, *requests)

    assert EQUAL_RANGE[0] < longer < EQUAL_RANGE[1]
