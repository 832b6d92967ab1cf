"""Password hashes: one per login, with the configured cost."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.helpers.cli import run
from tests.helpers.client import PASSWORD, Client, assert_problem
from tests.helpers.rows import store_user, stored_user

pytestmark = pytest.mark.one_database

CONFIGURED_COST = "$2b$04$"
HIGHER_COST = "$2b$05$"


def test_password_is_stored_as_a_hash_of_the_configured_cost(
    ann: Client,
) -> None:
    stored = stored_user(ann).password_hash

    assert stored.startswith(CONFIGURED_COST)
    assert len(stored) == 60


def test_same_password_has_different_hashes(app: Flask) -> None:
    ann, bob = (Client(app, name).register() for name in ("ann", "bob"))

    hers, his = stored_user(ann).password_hash, stored_user(bob).password_hash

    assert hers != his


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("unknown@example.org", PASSWORD),
        ("ann@example.org", "a long walk in the sun"),
        ("bob@example.org", PASSWORD),
        ("bob@example.org", "a long walk in the sun"),
    ],
    ids=["unknown", "wrong", "disabled", "disabled-and-wrong"],
)
def test_rejected_login_costs_one_hash(
    ann: Client, bob: Client, hashes: list[str], name: str, password: str
) -> None:
    run(bob.app, "users", "deactivate", "bob@example.org")
    hashes.clear()

    response = ann.post("auth/login", {"username": name, "password": password})

    assert response.status_code in {401, 403}
    assert hashes == [CONFIGURED_COST]


def test_successful_login_costs_one_hash(ann: Client, hashes: list[str]) -> None:
    hashes.clear()

    ann.log_in()

    assert hashes == [CONFIGURED_COST]


def test_unknown_user_costs_one_hash_of_the_configured_cost(
    anonymous: Client, app_with: Callable[..., Flask], hashes: list[str]
) -> None:
    stricter = Client(app_with(bcrypt_rounds=5))

    response = stricter.post("auth/login", {"username": "ann", "password": PASSWORD})

    assert_problem(response, 401, "invalid-credentials")
    assert hashes == [HIGHER_COST]


@pytest.mark.parametrize("stored", ["cheaper", "malformed"])
def test_wrong_password_costs_the_same_as_an_unknown_user(
    ann: Client, app_with: Callable[..., Flask], hashes: list[str], stored: str
) -> None:
    hashed = {"cheaper": stored_user(ann).password_hash, "malformed": "!"}
    store_user(ann, password_hash=hashed[stored])
    stricter = Client(app_with(bcrypt_rounds=7))
    hashes.clear()

    response = stricter.post(
        "auth/login", {"username": "ann@example.org", "password": "x"}
    )

    assert_problem(response, 401, "invalid-credentials")
    assert sum(2 ** int(cost[4:6]) for cost in hashes) == 2**7


def test_login_renews_a_hash_of_lower_cost(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    stricter = Client(app_with(bcrypt_rounds=5), "ann")

    stricter.log_in()

    assert stored_user(ann).password_hash.startswith(HIGHER_COST)


def test_login_succeeds_after_its_hash_was_renewed(
    ann: Client, app_with: Callable[..., Flask], hashes: list[str]
) -> None:
    stricter = Client(app_with(bcrypt_rounds=5), "ann").log_in()
    hashes.clear()

    stricter.log_in()

    assert hashes == [HIGHER_COST]
    assert stored_user(ann).password_hash.startswith(HIGHER_COST)


def test_wrong_password_renews_no_hash(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    stricter = Client(app_with(bcrypt_rounds=5))
    before = stored_user(ann).password_hash

    stricter.post("auth/login", {"username": "ann@example.org", "password": "x"})

    assert stored_user(ann).password_hash == before


def test_hash_of_higher_cost_is_kept(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    Client(app_with(bcrypt_rounds=5), "ann").log_in()
    before = stored_user(ann).password_hash

    ann.log_in()

    assert stored_user(ann).password_hash == before


def test_renewed_hash_changes_no_public_field(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    Client(app_with(bcrypt_rounds=5), "ann").log_in()

    response = ann.get("users/me")

    assert response.json == ann.user
