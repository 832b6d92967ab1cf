"""The limit of the number of tasks of an account, including the trash."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask

from taskapi.tasks.models import Task
from tests.helpers.client import Client, assert_problem, with_app
from tests.helpers.concurrency import run_concurrently
from tests.tasks.trees import rows

MAX_TASKS = 5
THREE = [{"title": "Dig"} for _ in range(3)]
FILE = {"data": '{"title": "Dig"}\n' * 3, "content_type": "application/x-ndjson"}


@pytest.fixture
def full(ann: Client, app_with: Callable[..., Flask]) -> Client:
    """Return a client that may create two more tasks; one task is in the trash."""
    client = with_app(ann, app_with(max_tasks_per_user=MAX_TASKS))
    made = [client.create_task() for _ in range(MAX_TASKS - 2)]
    assert client.delete(f"tasks/{made[0]['id']}").status_code == 204
    return client


@pytest.mark.parametrize("way", ["nested", "bulk", "import", "dry run"])
def test_tree_and_bulk_beyond_the_limit_are_rejected(full: Client, way: str) -> None:
    response = {
        "nested": lambda: full.post("tasks", {"title": "x", "subtasks": THREE[:2]}),
        "bulk": lambda: full.post("tasks/bulk", {"create": THREE}),
        "import": lambda: full.call("POST", "users/me/import", **FILE),
        "dry run": lambda: full.call("POST", "users/me/import?dry_run=true", **FILE),
    }[way]()

    assert assert_problem(response, 409, "limit-reached")["limit"] == MAX_TASKS
    assert rows(full, Task) == MAX_TASKS - 2


def test_task_beyond_the_limit_is_rejected(full: Client, bob: Client) -> None:
    parent = full.create_task()
    full.create_task(tags=["a"])

    for fields in ({}, {"tags": ["b"]}, {"parent_id": parent["id"]}):
        response = full.post("tasks", {"title": "Dig"} | fields)
        assert assert_problem(response, 409, "limit-reached")["limit"] == MAX_TASKS

    bob.create_task()
    assert rows(full, Task) == MAX_TASKS + 1


def test_permanent_deletion_lowers_the_count_and_trash_does_not(full: Client) -> None:
    (trashed,) = full.get("tasks?deleted=true").json["items"]
    made = [full.create_task() for _ in range(2)]

    assert full.delete(f"tasks/{made[0]['id']}").status_code == 204
    assert_problem(full.post("tasks", {"title": "Dig"}), 409, "limit-reached")
    assert full.post(f"tasks/{trashed['id']}/restore").status_code == 200
    full.delete(f"tasks/{made[0]['id']}?permanent=true")
    full.create_task()

    assert_problem(full.post("tasks", {"title": "Dig"}), 409, "limit-reached")


def test_permanently_deleted_tree_lowers_the_count_by_all_tasks(full: Client) -> None:
    tree = full.create_task(subtasks=[{"title": "Dig"}])
    full.delete(f"tasks/{tree['id']}?permanent=true")

    full.create_task(subtasks=[{"title": "Dig"}])

    assert_problem(full.post("tasks", {"title": "Dig"}), 409, "limit-reached")


@pytest.mark.parametrize("way", ["plain", "tagged", "nested", "bulk"])
def test_concurrent_creations_do_not_exceed_the_limit(full: Client, way: str) -> None:
    fields: dict[str, Any] = {"title": "Dig"}
    calls: dict[str, Callable[[], Any]] = {
        "plain": partial(full.post, "tasks", fields),
        "tagged": partial(full.post, "tasks", fields | {"tags": ["a"]}),
        "nested": partial(full.post, "tasks", fields | {"subtasks": THREE[:1]}),
        "bulk": partial(full.post, "tasks/bulk", {"create": THREE[:2]}),
    }

    codes = [response.status_code for response in run_concurrently(*[calls[way]] * 6)]

    room = 2 if way in {"plain", "tagged"} else 1
    assert sorted(codes) == [201 if way != "bulk" else 200] * room + [409] * (6 - room)
    assert rows(full, Task) == MAX_TASKS
