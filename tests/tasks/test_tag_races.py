"""Concurrent changes of tags: each response matches the stored tags of its version."""

from functools import partial
from typing import Any

import pytest

from tests.helpers.client import Client
from tests.helpers.concurrency import meeting, run_concurrently


@pytest.mark.parametrize("way", ["single", "bulk"])
def test_change_that_waited_for_a_lock_sees_new_tags(ann: Client, way: str) -> None:
    task = ann.create_task(tags=["a"])

    def change_concurrently() -> Any:
        ann.get("tasks")
        if way == "single":
            return ann.patch(f"tasks/{task['id']}", {"tags": ["a"]}).json
        update = [{"id": task["id"], "tags": ["a"]}]
        return ann.post("tasks/bulk", {"update": update}).json["updated"][0]

    with meeting(ann.app, "UPDATE tasks"):
        changes = {"title": "Tea", "tags": ["b"]}
        _, late = run_concurrently(
            partial(ann.patch, f"tasks/{task['id']}", changes), change_concurrently
        )

    stored = ann.get(f"tasks/{task['id']}").json
    outcome = (late["version"], late["tags"], stored["version"], stored["tags"])
    assert outcome in [(3, ["a"], 3, ["a"]), (1, ["a"], 2, ["b"])]


def test_change_without_effect_returns_one_state(ann: Client) -> None:
    task = ann.create_task(tags=["a"])
    path = f"tasks/{task['id']}"

    def change_concurrently() -> Any:
        ann.get("tasks")
        return ann.patch(path, {}).json

    with meeting(ann.app, "UPDATE tasks"):
        first, late = run_concurrently(
            partial(ann.patch, path, {"tags": ["b"]}), change_concurrently
        )

    assert late in [task, first.json]


@pytest.mark.parametrize("way", ["create", "change", "bulk"])
def test_concurrent_forms_of_a_new_tag_become_one(ann: Client, way: str) -> None:
    tasks = [ann.create_task() for _ in range(4)]

    def write(name: str, task: Any) -> Any:
        fields = {"title": "Tea", "tags": [name]}
        if way == "create":
            return ann.post("tasks", fields)
        if way == "change":
            return ann.patch(f"tasks/{task['id']}", fields)
        return ann.post("tasks/bulk", {"create": [fields]})

    names = ["Home", "home", "HOME", "hOME"]
    with meeting(ann.app, "SELECT wanted"):
        calls = [partial(write, *pair) for pair in zip(names, tasks, strict=True)]
        responses = run_concurrently(*calls)

    assert all(response.status_code < 300 for response in responses)
    (tag,) = ann.get("tags").json["items"]
    assert tag["task_count"] == 4
    listed = ann.get(f"tasks?tag={tag['name']}").json["items"]
    assert [task["tags"] for task in listed] == [[tag["name"]]] * 4
