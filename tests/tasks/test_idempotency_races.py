"""Requests with one Idempotency-Key at the same time: one effect, equal responses."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from subprocess import PIPE
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, exc

from taskapi import db
from taskapi.db import engine
from taskapi.idempotency.models import StoredResponse
from taskapi.tasks.models import Task
from tests.helpers.client import Client, assert_problem, with_app
from tests.helpers.concurrency import run_concurrently
from tests.tasks.trees import rows

KEY = {"Idempotency-Key": "one"}
LOCK_ALL = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print("locked", flush=True)
    sys.stdin.read()
"""


def comparable(response: Any) -> tuple[int, bytes, frozenset[tuple[str, str]]]:
    """Return status, body and headers without what differs in each response."""
    volatile = {"X-Request-ID", "Idempotency-Replayed", "Server-Timing"}
    headers = {(k, v) for k, v in response.headers.items() if k not in volatile}
    return response.status_code, response.data, frozenset(headers)


def test_concurrent_creations_with_one_key_have_one_effect(ann: Client) -> None:
    tea = {"title": "Tea", "tags": ["hot"], "subtasks": [{"title": "Boil"}]}

    responses = run_concurrently(*[partial(ann.post, "tasks", tea, headers=KEY)] * 50)

    ((status, _, _),) = {comparable(response) for response in responses}
    replayed = [a.headers.get("Idempotency-Replayed") for a in responses]
    assert status == 201
    assert (replayed.count("true"), replayed.count(None)) == (49, 1)
    assert (rows(ann, Task), rows(ann, StoredResponse)) == (2, 1)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_concurrent_changes_with_one_key_have_one_effect(
    ann: Client, task: dict[str, Any], method: str
) -> None:
    path, body = f"tasks/{task['id']}", {"title": "Tea"}

    responses = run_concurrently(
        *[partial(ann.call, method, path, json=body, headers=KEY)] * 12
    )

    assert len({comparable(response) for response in responses}) == 1
    assert responses[0].status_code in {200, 204}


def test_concurrent_different_requests_with_one_key_succeed_once(ann: Client) -> None:
    wanted = [{"title": "Tea"}, {"title": "Soup"}] * 6

    responses = run_concurrently(
        *[partial(ann.post, "tasks", w, headers=KEY) for w in wanted]
    )

    done = [response for response in responses if response.status_code == 201]
    late = [response for response in responses if response.status_code != 201]
    [assert_problem(response, 422, "idempotency-key-reused") for response in late]
    assert (len(done), len(late), rows(ann, Task)) == (6, 6, 1)


def test_different_keys_do_not_wait_for_each_other(ann: Client) -> None:
    keys = [{"Idempotency-Key": f"{number}"} for number in range(20)]

    responses = run_concurrently(
        *[partial(ann.post, "tasks", {"title": "Tea"}, headers=key) for key in keys]
    )

    assert {response.status_code for response in responses} == {201}
    assert (rows(ann, Task), rows(ann, StoredResponse)) == (20, 20)


def test_key_can_be_reused_after_a_failed_commit(ann: Client, app: Flask) -> None:
    def fail(_session: Any) -> None:
        raise exc.OperationalError("COMMIT", {}, Exception("disk full"))

    event.listen(db.session, "before_commit", fail)
    try:
        failed = ann.post("tasks", {"title": "Tea"}, headers=KEY)
    finally:
        event.remove(db.session, "before_commit", fail)
    after = (rows(ann, Task), rows(ann, StoredResponse))
    again = ann.post("tasks", {"title": "Tea"}, headers=KEY)

    assert_problem(failed, 503, "service-unavailable")
    assert after == (0, 0)
    assert (again.status_code, again.headers.get("Idempotency-Replayed")) == (201, None)


@pytest.fixture
def impatient_ann(
    ann: Client, app_with: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> Client:
    """Return a client of an app that waits for locks for a short time."""
    monkeypatch.setattr(engine, "SQLITE_LOCK_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(engine, "POSTGRESQL_LOCK_TIMEOUT_SECONDS", 1)
    return with_app(ann, app_with())


def test_second_request_with_a_key_is_rejected_while_the_first_runs(
    impatient_ann: Client,
) -> None:
    again = partial(impatient_ann.post, "tasks", {"title": "Tea"}, headers=KEY)
    late: list[Any] = []

    def repeat(_session: Any) -> None:
        if not late:
            late.append(None)
            late[:] = run_concurrently(again)

    event.listen(db.session, "before_commit", repeat)
    try:
        first = again()
    finally:
        event.remove(db.session, "before_commit", repeat)
    replayed = again()

    assert first.status_code == 201
    assert_problem(late[0], 409, "request-in-progress")
    assert late[0].headers["Retry-After"] == "1"
    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert rows(impatient_ann, Task) == 1


def test_same_key_of_other_users_or_paths_is_not_in_progress(
    ann: Client, bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ann.app.config, "SQLITE_LOCK_TIMEOUT", 0.2)
    seen: list[Any] = []

    def read(_session: Any) -> None:
        if not seen:
            seen.append(None)
            seen[:] = run_concurrently(partial(bob.post, "tasks", [], headers=KEY))

    event.listen(db.session, "before_commit", read)
    try:
        ann.post("tasks", {"title": "Tea"}, headers=KEY)
    finally:
        event.remove(db.session, "before_commit", read)

    assert seen[0].status_code == 422


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_key_used_by_another_process_is_in_progress(
    ann: Client, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ann.app.config, "SQLITE_LOCK_TIMEOUT", 0.2)
    ann.post("tasks", {"title": "Tea"}, headers=KEY)
    path = app.extensions["settings"].database_url.removeprefix("sqlite:///")
    command = [sys.executable, "-c", LOCK_ALL, f"{path}.requests"]

    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE) as other:  # noqa: S603 - our own script
        assert other.stdout.readline() == b"locked\n"  # type: ignore[union-attr]  # it is a pipe
        rejected = ann.post("tasks", {"title": "Tea"}, headers=KEY)
        other.communicate()
    replayed = ann.post("tasks", {"title": "Tea"}, headers=KEY)

    assert_problem(rejected, 409, "request-in-progress")
    assert replayed.headers["Idempotency-Replayed"] == "true"
