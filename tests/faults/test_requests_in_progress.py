"""Requests of one user that wait for locks do not delay other users."""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from functools import partial

import pytest
from flask import Flask

from taskapi.db import engine
from tests.faults.locking import locked
from tests.helpers.client import Client, assert_problem, with_app

CLIENTS = 50
IN_PROGRESS = 2
SECONDS = 60
SEQUENCE = [
    ("GET", "tasks"),
    ("GET", "tasks/1"),
    ("POST", "tasks"),
    ("GET", "users/me/export"),
    ("DELETE", "users/me"),
]
LOCK_TASKS = "SELECT FROM tasks FOR UPDATE"


def with_limit(client: Client, app_with: Callable[..., Flask], number: int) -> Client:
    return with_app(client, app_with(max_requests_in_progress=number))


def test_requests_beyond_the_bound_are_rejected_while_others_wait(
    ann: Client, bob: Client, app_with: Callable[..., Flask]
) -> None:
    path = f"tasks/{ann.create_task()['id']}"
    ann = with_limit(ann, app_with, IN_PROGRESS)
    patch = partial(ann.patch, path, {"title": "Reap"})

    with ThreadPoolExecutor(CLIENTS) as pool:
        with locked(ann.app, LOCK_TASKS):
            waiting = {pool.submit(patch) for _ in range(4 * IN_PROGRESS)}
            rejected = set()
            while len(waiting) > IN_PROGRESS:
                done, waiting = wait(waiting, SECONDS, FIRST_COMPLETED)
                rejected |= {one.result() for one in done}
            others = with_app(bob, ann.app).get("tasks")
        last = {one.result().status_code for one in waiting}

    for error in rejected:
        problem = assert_problem(error, 429, "rate-limited")
        assert "in progress" in problem["detail"]
        assert error.headers["Retry-After"] == "1"
    assert others.status_code == 200
    assert last <= {200, 503}
    assert ann.patch(path, {"title": "Sow"}).status_code == 200


def test_requests_that_have_ended_are_not_counted(
    ann: Client, app_with: Callable[..., Flask]
) -> None:
    ann = with_limit(ann, app_with, 1)

    found = [ann.call(method, path).status_code for method, path in SEQUENCE * 2]

    assert 429 not in found


@pytest.fixture
def impatient_ann(
    ann: Client, app_with: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> Client:
    """Return a client of an app that waits for locks for a second."""
    monkeypatch.setattr(engine, "POSTGRESQL_LOCK_TIMEOUT_SECONDS", 1)
    return with_app(ann, app_with())


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "tasks/{}", {"title": "Reap"}),
        ("PATCH", "tasks/{}", {"parent_id": None}),
        ("DELETE", "tasks/{}", None),
    ],
    ids=["change", "move", "delete"],
)
def test_request_waits_for_a_locked_row_for_a_short_time(
    impatient_ann: Client, method: str, path: str, body: object
) -> None:
    parent = impatient_ann.create_task()["id"]
    child = impatient_ann.create_task(parent_id=parent)["id"]

    with locked(impatient_ann.app, f"{LOCK_TASKS}; SELECT FROM users FOR UPDATE"):
        error = impatient_ann.call(method, path.format(child), json=body)

    assert_problem(error, 503, "service-unavailable")
    assert error.headers["Retry-After"] == "1"
