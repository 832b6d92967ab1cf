"""Hashes are computed one at a time, and do not block other requests."""

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

DEARER = b"$2b$05$"
SECONDS = 8


class Gate:
    """A gate before the hash of one cost: who comes waits until it is opened."""

    def __init__(self, cost: bytes) -> None:
        self.cost = cost
        self.reached = Event()
        self.opened = Event()
        self.hashpw = bcrypt.hashpw

    def __call__(self, password: bytes, salt: bytes) -> bytes:
        if salt.startswith(self.cost):
            self.reached.set()
            assert self.opened.wait(SECONDS)
        return self.hashpw(password, salt)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Return a closed gate before hashes of 5 rounds."""
    closed = Gate(DEARER)
    monkeypatch.setattr(bcrypt, "hashpw", closed)
    yield closed
    closed.opened.set()


def during(
    gate: Gate, call: Callable[[], object], other: Callable[[], TestResponse]
) -> TestResponse:
    """Send another request while the first one waits."""
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(call)
        try:
            assert gate.reached.wait(SECONDS)
            response = other()
        finally:
            gate.opened.set()
        first.result()
    return response


def log_in_and_open(client: Client, gate: Gate) -> TestResponse:
    """Try to log in; the first response lets the other requests continue."""
    login = {"username": "nobody", "password": PASSWORD}
    response = client.post("auth/login", login)
    gate.opened.set()
    return response


def test_login_returns_503_when_the_hash_queue_is_full(
    app_with: Callable[..., Flask], gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "MAX_WAITING", 4)
    client = Client(app_with(bcrypt_rounds=5))

    responses = run_concurrently(*[lambda: log_in_and_open(client, gate)] * 6)

    *others, last = sorted(responses, key=lambda response: response.status_code)
    assert [response.status_code for response in others] == [401] * 5
    assert_problem(last, 503, "service-unavailable")
    assert last.headers["Retry-After"] == "2"


@pytest.mark.parametrize("path", ["/health/live", "/health", "users/me", "tasks"])
def test_reads_continue_while_a_password_is_hashed(
    ann: Client, app_with: Callable[..., Flask], gate: Gate, path: str
) -> None:
    there = Client(app_with(bcrypt_rounds=5), "bob")
    there.tokens = ann.tokens

    response = during(gate, there.register, lambda: there.get(path))

    assert response.status_code == 200


def test_writes_continue_while_a_new_account_is_hashed(
    ann: Client, app_with: Callable[..., Flask], gate: Gate
) -> None:
    new_user = Client(app_with(bcrypt_rounds=5), "cat")

    response = during(
        gate, new_user.register, lambda: ann.post("tasks", {"title": "Meanwhile"})
    )

    assert response.status_code == 201


def test_writes_continue_while_a_hash_is_renewed(
    ann: Client, bob: Client, app_with: Callable[..., Flask], gate: Gate
) -> None:
    stricter = Client(app_with(bcrypt_rounds=5), "bob")

    response = during(
        gate, stricter.log_in, lambda: ann.post("tasks", {"title": "Meanwhile"})
    )

    assert response.status_code == 201
