"""Failed logins of others: whom they stop, whom they do not, and what they leave."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from taskapi import db, passwords
from taskapi.scopes import Scope
from taskapi.users.models import LoginAttempts
from tests.api_keys.holding import key_client
from tests.helpers.client import PASSWORD, Client, another_session, assert_problem
from tests.helpers.clock import at, later

MAX_ATTEMPTS = 10
MAX_OF_ADDRESS = 100
QUARTER = 15 * 60
START = 2_000_000_000
SECONDS = 10
WRONG = "a wrong password"
NEW = "a short walk in the sun"
HERE, THERE = "192.0.2.7", "192.0.2.8"

PROOFS = {
    "password": ("POST", "auth/password", "current_password", {"new_password": NEW}),
    "email": ("PATCH", "users/me", "current_password", {"email": "new@example.org"}),
    "deletion": ("DELETE", "users/me", "password", {}),
}
Proof = tuple[str, str, str, dict[str, str]]


def log_in(
    app: Flask, name: str, password: str = WRONG, ip: str = HERE
) -> TestResponse:
    body = {"username": name, "password": password}
    return Client(app).post("auth/login", body, environ_base={"REMOTE_ADDR": ip})


def fail(app: Flask, number: int, ip: str = HERE) -> None:
    """Fail to log in as Ann."""
    for _ in range(number):
        assert log_in(app, "ann@example.org", ip=ip).status_code == 401


def prove(client: Client, proof: Proof, password: str = PASSWORD) -> TestResponse:
    """Send a password within a session or with a key."""
    method, path, name, others = proof
    return client.call(method, path, json=others | {name: password})


def counts(app: Flask) -> list[int]:
    with app.app_context():
        return sorted(n for (n,) in db.read(select(LoginAttempts.number)))


@contextmanager
def busy(app: Flask) -> Iterator[None]:
    """Keep the hash slot of an app taken for the block."""
    queue = app.extensions["passwords"].queue
    taken, leave = Event(), Event()

    def hold() -> None:
        with queue.reserved():
            taken.set()
            assert leave.wait(SECONDS)

    holding = Thread(target=hold)
    holding.start()
    assert taken.wait(SECONDS)
    try:
        yield
    finally:
        leave.set()
        holding.join()


@pytest.mark.parametrize("proof", PROOFS.values(), ids=PROOFS)
def test_failed_logins_do_not_block_a_session(ann: Client, proof: Proof) -> None:
    fail(ann.app, MAX_ATTEMPTS)
    assert_problem(log_in(ann.app, "ann@example.org", PASSWORD), 429, "rate-limited")

    response = prove(ann, proof)

    assert response.status_code in {200, 204}, response.text


@pytest.mark.parametrize("proof", PROOFS.values(), ids=PROOFS)
def test_failed_logins_from_the_same_address_do_not_block_a_session(
    ann: Client, proof: Proof
) -> None:
    for n in range(MAX_OF_ADDRESS):
        log_in(ann.app, f"nobody{n}", ip="127.0.0.1")
    over = log_in(ann.app, "ann@example.org", PASSWORD, ip="127.0.0.1")

    response = prove(ann, proof)

    assert_problem(over, 429, "rate-limited")
    assert response.status_code in {200, 204}, response.text


@pytest.mark.parametrize("proof", PROOFS.values(), ids=PROOFS)
def test_wrong_passwords_within_a_session_are_limited(
    ann: Client, proof: Proof
) -> None:
    status = {prove(ann, proof, WRONG).status_code for _ in range(MAX_ATTEMPTS)}

    wrong, right = prove(ann, proof, WRONG), prove(ann, proof)

    assert status in ({401}, {422})
    assert_problem(wrong, 429, "rate-limited")
    assert_problem(right, 429, "rate-limited")
    assert 0 < int(right.headers["Retry-After"]) <= QUARTER
    assert ann.get("users/me").json == ann.user


def test_all_password_checks_of_a_session_share_a_limit(ann: Client) -> None:
    for n in range(MAX_ATTEMPTS):
        prove(ann, list(PROOFS.values())[n % 3], WRONG)

    responses = [prove(ann, proof) for proof in PROOFS.values()]

    assert [response.status_code for response in responses] == [429] * 3


def test_wrong_passwords_within_a_session_block_no_login_and_no_other_session(
    ann: Client,
) -> None:
    other = another_session(ann)
    for _ in range(MAX_ATTEMPTS + 1):
        prove(ann, PROOFS["password"], WRONG)

    login = log_in(ann.app, "ann@example.org", PASSWORD)
    changed = prove(other, PROOFS["password"])

    assert login.status_code == 200
    assert changed.status_code == 204


def test_wrong_passwords_with_a_key_are_counted_for_the_key(ann: Client) -> None:
    one, other = (key_client(ann, Scope.ACCOUNT_WRITE) for _ in range(2))
    for _ in range(MAX_ATTEMPTS):
        prove(one, PROOFS["email"], WRONG)

    over, changed = prove(one, PROOFS["email"]), prove(other, PROOFS["email"])

    assert_problem(over, 429, "rate-limited")
    assert changed.status_code == 200


def test_correct_password_within_a_session_resets_its_count(ann: Client) -> None:
    for _ in range(MAX_ATTEMPTS - 1):
        prove(ann, PROOFS["password"], WRONG)
    right = prove(ann, PROOFS["password"])
    again = [
        prove(ann, PROOFS["password"], WRONG).status_code for _ in range(MAX_ATTEMPTS)
    ]

    assert right.status_code == 204
    assert again == [401] * MAX_ATTEMPTS


def test_login_keeps_failures_of_other_addresses(ann: Client) -> None:
    fail(ann.app, MAX_ATTEMPTS - 1)

    right = log_in(ann.app, "ann@example.org", PASSWORD, THERE)

    assert right.status_code == 200
    fail(ann.app, 1)
    assert_problem(log_in(ann.app, "ann@example.org"), 429, "rate-limited")


def test_login_clears_failures_of_its_own_address(ann: Client) -> None:
    fail(ann.app, 4)
    fail(ann.app, 5, THERE)

    right = log_in(ann.app, "ann@example.org", PASSWORD, THERE)

    assert right.status_code == 200
    fail(ann.app, MAX_ATTEMPTS - 4, THERE)
    assert_problem(log_in(ann.app, "ann@example.org", ip=THERE), 429, "rate-limited")


def test_login_clears_nothing_of_the_previous_window(ann: Client) -> None:
    with at(START):
        fail(ann.app, 1)
    with at(START + QUARTER - 1):
        fail(ann.app, 5, THERE)
    with at(START + QUARTER + 1):
        fail(ann.app, MAX_ATTEMPTS - 1)
        right = log_in(ann.app, "ann@example.org", PASSWORD, THERE)
        fail(ann.app, 1)
        over = log_in(ann.app, "ann@example.org")

    assert right.status_code == 200
    assert_problem(over, 429, "rate-limited")


def test_correct_passwords_leave_no_rows(ann: Client) -> None:
    log_in(ann.app, "ann@example.org", PASSWORD)
    prove(ann, PROOFS["password"])

    assert counts(ann.app) == []


def test_cleared_failures_leave_no_rows(ann: Client) -> None:
    fail(ann.app, 3)

    log_in(ann.app, "ann@example.org", PASSWORD)

    assert counts(ann.app) == [3]  # of the address


@pytest.mark.parametrize("name", ["ann@example.org", "nobody"])
def test_login_without_a_hash_slot_leaves_no_rows(
    ann: Client,
    app_with: Callable[..., Flask],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setattr(passwords, "MAX_WAITING", 0)
    app = app_with()

    with busy(app):
        response = log_in(app, name, PASSWORD)

    assert_problem(response, 503, "service-unavailable")
    assert counts(app) == []


@pytest.mark.parametrize("proof", PROOFS.values(), ids=PROOFS)
def test_password_check_without_a_hash_slot_leaves_no_rows(
    ann: Client,
    app_with: Callable[..., Flask],
    monkeypatch: pytest.MonkeyPatch,
    proof: Proof,
) -> None:
    monkeypatch.setattr(passwords, "MAX_WAITING", 0)
    ann.app = app_with()

    with busy(ann.app):
        response = prove(ann, proof)

    assert_problem(response, 503, "service-unavailable")
    assert counts(ann.app) == []


def test_blocked_address_leaves_no_rows_for_further_names(app: Flask) -> None:
    for n in range(MAX_OF_ADDRESS):
        log_in(app, f"nobody{n}")
    before = counts(app)

    responses = [log_in(app, f"somebody{n}") for n in range(5)]

    assert {response.status_code for response in responses} == {429}
    assert counts(app) == before


def test_blocked_account_does_not_use_the_limit_of_the_address(
    ann: Client,
) -> None:
    fail(ann.app, MAX_ATTEMPTS)

    for _ in range(MAX_OF_ADDRESS):
        log_in(ann.app, "ann@example.org")

    assert_problem(log_in(ann.app, "nobody"), 401, "invalid-credentials")


def test_limit_ends_after_15_minutes(ann: Client) -> None:
    for _ in range(MAX_ATTEMPTS):
        prove(ann, PROOFS["password"], WRONG)

    with later(QUARTER + 10):
        response = prove(ann, PROOFS["password"])

    assert response.status_code == 204
