"""Composed and decomposed accents are the same password (NFC)."""

import unicodedata

import pytest
from flask_bcrypt import Bcrypt
from werkzeug.test import TestResponse

from tests.helpers.cli import run
from tests.helpers.client import PASSWORD, Client, assert_problem, field_errors
from tests.helpers.rows import store_user, stored_user

pytestmark = pytest.mark.one_database

COMPOSED = "schöne Grüße, Málaga"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)
OTHER = "eine andere Straße"

both_ways = pytest.mark.parametrize(
    ("chosen", "typed"),
    [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)],
    ids=["composed", "decomposed"],
)


def log_in(client: Client, password: str) -> TestResponse:
    login = {"email": "ann@example.org", "password": password}
    return Client(client.app).post("auth/login", login)


def change(client: Client, current: str, new: str) -> TestResponse:
    body = {"current_password": current, "new_password": new}
    return client.post("auth/password", body)


def store_raw(client: Client, password: str) -> None:
    """Store the hash of a password that is not normalized, as older releases did."""
    with client.app.app_context():
        hashed = Bcrypt(client.app).generate_password_hash(password).decode()
    store_user(client, password_hash=hashed)


@both_ways
def test_login_accepts_the_other_form_of_a_registration(
    anonymous: Client, chosen: str, typed: str
) -> None:
    account = {"email": "ann@example.org", "password": chosen}
    assert anonymous.post("auth/register", account).status_code == 201

    responses = log_in(anonymous, typed), log_in(anonymous, chosen)

    assert [response.status_code for response in responses] == [200, 200]


@both_ways
def test_login_accepts_the_other_form_of_a_changed_password(
    ann: Client, chosen: str, typed: str
) -> None:
    assert change(ann, PASSWORD, chosen).status_code == 204

    assert log_in(ann, typed).status_code == 200


@both_ways
def test_password_checks_accept_the_other_form(
    ann: Client, chosen: str, typed: str
) -> None:
    change(ann, PASSWORD, chosen)
    body = {"email": "new@example.org", "current_password": typed}

    changed = ann.patch("users/me", body)
    deleted = ann.delete("users/me", {"password": typed})

    assert [changed.status_code, deleted.status_code] == [200, 204]


@both_ways
def test_login_accepts_the_other_form_of_an_operators_password(
    ann: Client, chosen: str, typed: str
) -> None:
    command = ("users", "reset-password", "ann@example.org", "--password", chosen)
    run(ann.app, *command)

    assert log_in(ann, typed).status_code == 200


@both_ways
def test_token_endpoint_accepts_the_other_form(
    ann: Client, chosen: str, typed: str
) -> None:
    change(ann, PASSWORD, chosen)
    form = {"grant_type": "password", "username": "ann@example.org"}

    response = Client(ann.app).call(
        "POST", "auth/token", data=form | {"password": typed}
    )

    assert response.status_code == 200


def test_login_accepts_an_older_hash_of_the_decomposed_form(ann: Client) -> None:
    store_raw(ann, DECOMPOSED)

    first, composed = log_in(ann, DECOMPOSED), log_in(ann, COMPOSED)

    assert [first.status_code, composed.status_code] == [200, 200]


def test_password_check_accepts_an_older_hash_of_the_decomposed_form(
    ann: Client,
) -> None:
    store_raw(ann, DECOMPOSED)

    assert change(ann, DECOMPOSED, OTHER).status_code == 204


def test_hash_of_the_normalized_form_is_not_renewed(ann: Client) -> None:
    change(ann, PASSWORD, COMPOSED)
    before = stored_user(ann).password_hash

    log_in(ann, DECOMPOSED)

    assert stored_user(ann).password_hash == before


@pytest.mark.parametrize("email", ["ann@example.org", "unknown@example.org"])
@pytest.mark.parametrize(("wrong", "number"), [("a wrong one", 1), ("e\u0301" * 9, 2)])
def test_wrong_password_costs_the_same_for_every_account(
    ann: Client, hashes: list[str], email: str, wrong: str, number: int
) -> None:
    hashes.clear()

    response = Client(ann.app).post("auth/login", {"email": email, "password": wrong})

    assert_problem(response, 401, "invalid-credentials")
    assert len(hashes) == number


@pytest.mark.parametrize(
    ("password", "status"),
    [
        ("e\u0301" * 4, 422),
        ("e\u0301" * 8, 201),
        ("e\u0301" * 128, 201),
        ("e\u0301" * 129, 422),
        ("\u0301" * 600, 422),
    ],
    ids=["4", "8", "128", "129", "600-marks"],
)
def test_length_is_that_of_the_normalized_form(
    anonymous: Client, password: str, status: int
) -> None:
    account = {"username": "ann", "password": password}

    response = anonymous.post("auth/register", account)

    assert response.status_code == status
    if status == 201:
        assert anonymous.post("auth/login", account).status_code == 200
    else:
        assert field_errors(response) == {"#/password": "length"}


def test_long_password_is_rejected_without_being_normalized(
    anonymous: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    normalized: list[str] = []
    monkeypatch.setattr("taskapi.users.schemas.normalize", normalized.append)
    marks = "".join(map(chr, (0x300, 0x316))) * 100_000

    response = anonymous.post("auth/login", {"username": "ann", "password": marks})

    assert field_errors(response) == {"#/password": "length"}
    assert normalized == []
