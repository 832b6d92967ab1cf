"""What a request waits for, and does not get: a connection, or the lock of SQLite."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
from flask import Flask

from taskapi import db
from tests.helpers.client import Client, assert_problem
from tests.helpers.concurrency import run_concurrently

CONNECTIONS = 3
SECONDS = 3
CROWD = 8


@pytest.fixture
def ann_of_few(app: Flask, ann: Client, app_with: Callable[..., Flask]) -> Client:
    """Return Ann at a service that has few connections, and gives up early."""
    few = Client(app_with(threads=CONNECTIONS - 1, request_timeout=SECONDS), ann.name)
    few.user, few.tokens = ann.user, ann.tokens
    return few


@contextmanager
def no_connection(app: Flask) -> Iterator[None]:
    """Use all connections of a service meanwhile."""
    with app.app_context(), ExitStack() as held:
        for _ in range(CONNECTIONS):
            held.enter_context(db.database.engine.connect())
        yield


@contextmanager
def no_lock(app: Flask) -> Iterator[None]:
    """Let another process write meanwhile."""
    file = app.extensions["settings"].database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_request_without_a_connection_returns_503(
    ann_of_few: Client, method: str
) -> None:
    body = {"title": "Sow"} if method == "POST" else None
    with no_connection(ann_of_few.app):
        error = ann_of_few.call(method, "tasks", json=body)

    answer = ann_of_few.call(method, "tasks", json=body)

    assert_problem(error, 503, "service-unavailable")
    assert error.headers["Retry-After"] == "1"
    assert answer.status_code in {200, 201}


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_writers_that_another_process_keeps_out_return_503(
    ann_of_few: Client,
) -> None:
    with no_lock(ann_of_few.app):
        refusals = run_concurrently(
            *[lambda: ann_of_few.post("tasks", {"title": "Sow"})] * 3
        )
        read = ann_of_few.get("tasks")

    written = ann_of_few.post("tasks", {"title": "Sow"})

    assert [
        assert_problem(one, 503, "service-unavailable")["status"] for one in refusals
    ]
    assert {one.headers["Retry-After"] for one in refusals} == {"1"}
    assert (read.status_code, read.json["items"]) == (200, [])
    assert written.status_code == 201


def test_requests_return_503_while_no_connection_is_free(ann_of_few: Client) -> None:
    with no_connection(ann_of_few.app):
        responses = run_concurrently(*[lambda: ann_of_few.get("tasks")] * CROWD)

    assert {response.status_code for response in responses} == {503}
    assert ann_of_few.get("tasks").status_code == 200
