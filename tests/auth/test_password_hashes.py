"""One hash for every login, whoever it is, at the cost that is asked for."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.backstage import run, store_user, stored_user
from tests.support import PASSWORD, Client, refused

USUAL = "$2b$04$"
DEARER = "$2b$05$"


def test_a_password_is_kept_as_a_hash_of_the_cost_that_is_asked_for(
    ann: Client,
) -> None:
    stored = stored_user(ann).password_hash

    assert stored.startswith(USUAL)
    assert len(stored) == 60


def test_two_users_with_one_password_have_two_hashes(ann: Client, bob: Client) -> None:
    hers, his = stored_user(ann).password_hash, stored_user(bob).password_hash

    assert hers != his


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("nobody@example.org", PASSWORD),
        ("ann@example.org", "a long walk in the sun"),
        ("bob@example.org", PASSWORD),
        ("bob@example.org", "a long walk in the sun"),
    ],
    ids=["unknown", "wrong", "disabled", "disabled-and-wrong"],
)
def test_every_refused_login_costs_one_hash(
    ann: Client, bob: Client, hashes: list[str], name: str, password: str
) -> None:
    run(bob.app, "users", "deactivate", "bob@example.org")
    hashes.clear()

    answer = ann.post("auth/login", {"username": name, "password": password})

    assert answer.status_code in {401, 403}
    assert hashes == [USUAL]


def test_a_good_login_costs_one_hash(ann: Client, hashes: list[str]) -> None:
    hashes.clear()

    ann.log_in()

    assert hashes == [USUAL]


def test_an_unknown_user_costs_as_much_as_the_setting_asks(
    anyone: Client, twin: Callable[..., Flask], hashes: list[str]
) -> None:
    stricter = Client(twin(bcrypt_rounds=5))

    answer = stricter.post("auth/login", {"username": "ann", "password": PASSWORD})

    refused(answer, 401, "invalid-credentials")
    assert hashes == [DEARER]


@pytest.mark.parametrize("stored", ["cheaper", "unreadable"])
def test_a_wrong_password_costs_what_an_unknown_user_costs(
    ann: Client, twin: Callable[..., Flask], hashes: list[str], stored: str
) -> None:
    kept = {"cheaper": stored_user(ann).password_hash, "unreadable": "!"}
    store_user(ann, password_hash=kept[stored])
    dearer = Client(twin(bcrypt_rounds=7))
    hashes.clear()

    answer = dearer.post("auth/login", {"username": "ann@example.org", "password": "x"})

    refused(answer, 401, "invalid-credentials")
    assert sum(2 ** int(cost[4:6]) for cost in hashes) == 2**7


def test_a_login_renews_a_hash_that_has_become_too_cheap(
    ann: Client, twin: Callable[..., Flask]
) -> None:
    stricter = Client(twin(bcrypt_rounds=5), "ann")

    stricter.log_in()

    assert stored_user(ann).password_hash.startswith(DEARER)


def test_who_has_a_renewed_hash_logs_in_as_before(
    ann: Client, twin: Callable[..., Flask], hashes: list[str]
) -> None:
    stricter = Client(twin(bcrypt_rounds=5), "ann").log_in()
    hashes.clear()

    stricter.log_in()

    assert hashes == [DEARER]
    assert stored_user(ann).password_hash.startswith(DEARER)


def test_a_wrong_password_renews_nothing(
    ann: Client, twin: Callable[..., Flask]
) -> None:
    stricter = Client(twin(bcrypt_rounds=5))
    before = stored_user(ann).password_hash

    stricter.post("auth/login", {"username": "ann@example.org", "password": "x"})

    assert stored_user(ann).password_hash == before


def test_a_hash_that_is_dearer_than_asked_stays(
    ann: Client, twin: Callable[..., Flask]
) -> None:
    Client(twin(bcrypt_rounds=5), "ann").log_in()
    before = stored_user(ann).password_hash

    ann.log_in()

    assert stored_user(ann).password_hash == before


def test_a_renewed_hash_changes_nothing_that_is_read(
    ann: Client, twin: Callable[..., Flask]
) -> None:
    Client(twin(bcrypt_rounds=5), "ann").log_in()

    answer = ann.get("users/me")

    assert answer.json == ann.user
