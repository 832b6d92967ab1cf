"""The hash queue: one hash at a time, while other requests continue."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import bcrypt
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from taskapi import passwords
from tests.helpers.client import PASSWORD, Client, assert_problem
from tests.helpers.concurrency import run_concurrently

HIGHER_COST = b"$2b$05$"
SECONDS = 8


class BlockedHashing:
    """A replacement of bcrypt.hashpw that waits before hashes of one cost."""

    def __init__(self, cost: bytes) -> None:
        self.cost = cost
        self.reached = Event()
        self.released = Event()
        self.hashpw = bcrypt.hashpw

    def __call__(self, password: bytes, salt: bytes) -> bytes:
        if salt.startswith(self.cost):
            self.reached.set()
            assert self.released.wait(SECONDS)
        return self.hashpw(password, salt)


@pytest.fixture
def blocked_hashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[BlockedHashing]:
    """Block hashes of 5 rounds."""
    hashing = BlockedHashing(HIGHER_COST)
    monkeypatch.setattr(bcrypt, "hashpw", hashing)
    yield hashing
    hashing.released.set()


def during(
    blocked_hashing: BlockedHashing,
    call: Callable[[], object],
    other: Callable[[], TestResponse],
) -> TestResponse:
    """Send another request while the first one waits."""
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(call)
        try:
            assert blocked_hashing.reached.wait(SECONDS)
            response = other()
        finally:
            blocked_hashing.released.set()
        first.result()
    return response


def log_in_and_release(client: Client, blocked_hashing: BlockedHashing) -> TestResponse:
    """Try to log in; the first response lets the other requests continue."""
    login = {"username": "unknown", "password": PASSWORD}
    response = client.post("auth/login", login)
    blocked_hashing.released.set()
    return response


def test_login_returns_503_when_the_hash_queue_is_full(
    app_with: Callable[..., Flask],
    blocked_hashing: BlockedHashing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "MAX_WAITING", 4)
    client = Client(app_with(bcrypt_rounds=5))

    responses = run_concurrently(
        *[lambda: log_in_and_release(client, blocked_hashing)] * 6
    )

    *others, last = sorted(responses, key=lambda response: response.status_code)
    assert [response.status_code for response in others] == [401] * 5
    assert_problem(last, 503, "service-unavailable")
    assert last.headers["Retry-After"] == "2"


@pytest.mark.parametrize("path", ["/health/live", "/health", "users/me", "tasks"])
def test_reads_continue_while_a_password_is_hashed(
    ann: Client,
    app_with: Callable[..., Flask],
    blocked_hashing: BlockedHashing,
    path: str,
) -> None:
    client = Client(app_with(bcrypt_rounds=5), "bob")
    client.tokens = ann.tokens

    response = during(blocked_hashing, client.register, lambda: client.get(path))

    assert response.status_code == 200


def test_writes_continue_while_a_new_account_is_hashed(
    ann: Client, app_with: Callable[..., Flask], blocked_hashing: BlockedHashing
) -> None:
    new_user = Client(app_with(bcrypt_rounds=5), "cat")

    response = during(
        blocked_hashing,
        new_user.register,
        lambda: ann.post("tasks", {"title": "Water the plants"}),
    )

    assert response.status_code == 201


def test_writes_continue_while_a_hash_is_renewed(
    ann: Client,
    bob: Client,
    app_with: Callable[..., Flask],
    blocked_hashing: BlockedHashing,
) -> None:
    stricter = Client(app_with(bcrypt_rounds=5), "bob")

    response = during(
        blocked_hashing,
        stricter.log_in,
        lambda: ann.post("tasks", {"title": "Water the plants"}),
    )

    assert response.status_code == 201
