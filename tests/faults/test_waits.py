"""Requests that wait in vain for a connection or for the write lock of SQLite."""

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
CLIENTS = 8


@pytest.fixture
def ann_with_few_connections(
    app: Flask, ann: Client, app_with: Callable[..., Flask]
) -> Client:
    """Return a client of an app with few connections and a short timeout."""
    client = Client(
        app_with(threads=CONNECTIONS - 1, request_timeout=SECONDS), ann.name
    )
    client.user, client.tokens = ann.user, ann.tokens
    return client


@contextmanager
def all_connections_in_use(app: Flask) -> Iterator[None]:
    """Use all connections of an app for the block."""
    with app.app_context(), ExitStack() as stack:
        for _ in range(CONNECTIONS):
            stack.enter_context(db.database.engine.connect())
        yield


@contextmanager
def locked_by_another_process(app: Flask) -> Iterator[None]:
    """Let another process lock the database for the block."""
    file = app.extensions["settings"].database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_request_without_a_connection_returns_503(
    ann_with_few_connections: Client, method: str
) -> None:
    body = {"title": "Sow"} if method == "POST" else None
    with all_connections_in_use(ann_with_few_connections.app):
        error = ann_with_few_connections.call(method, "tasks", json=body)

    response = ann_with_few_connections.call(method, "tasks", json=body)

    assert_problem(error, 503, "service-unavailable")
    assert error.headers["Retry-After"] == "1"
    assert response.status_code in {200, 201}


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_writes_return_503_while_another_process_has_the_lock(
    ann_with_few_connections: Client,
) -> None:
    with locked_by_another_process(ann_with_few_connections.app):
        rejected = run_concurrently(
            *[lambda: ann_with_few_connections.post("tasks", {"title": "Sow"})] * 3
        )
        read = ann_with_few_connections.get("tasks")

    written = ann_with_few_connections.post("tasks", {"title": "Sow"})

    assert [
        assert_problem(one, 503, "service-unavailable")["status"] for one in rejected
    ]
    assert {one.headers["Retry-After"] for one in rejected} == {"1"}
    assert (read.status_code, read.json["items"]) == (200, [])
    assert written.status_code == 201


def test_requests_return_503_while_no_connection_is_free(
    ann_with_few_connections: Client,
) -> None:
    with all_connections_in_use(ann_with_few_connections.app):
        responses = run_concurrently(
            *[lambda: ann_with_few_connections.get("tasks")] * CLIENTS
        )

    assert {response.status_code for response in responses} == {503}
    assert ann_with_few_connections.get("tasks").status_code == 200
