"""Concurrent writes: no update is lost, and none is applied twice."""

from functools import partial
from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem
from tests.helpers.concurrency import run_concurrently

rounds = pytest.mark.parametrize("attempt", range(4), ids="round {}".format)


@rounds
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_concurrent_writes_with_one_etag_succeed_once(
    ann: Client, task: dict[str, Any], method: str, attempt: int
) -> None:
    path, headers = f"tasks/{task['id']}", {"If-Match": '"1"'}

    responses = run_concurrently(
        *[
            partial(ann.call, method, path, json={"title": f"{n}"}, headers=headers)
            for n in range(12)
        ]
    )

    (done,) = [response for response in responses if response.status_code == 200]
    late = [
        assert_problem(a, 412, "precondition-failed")
        for a in responses
        if a is not done
    ]
    assert [problem["current_version"] for problem in late] == [2] * 11
    assert ann.get(path).json == done.json


def test_concurrent_completions_store_one_completed_at(
    ann: Client, task: dict[str, Any]
) -> None:
    done = {"status": "completed"}

    responses = run_concurrently(
        *[partial(ann.patch, f"tasks/{task['id']}", done)] * 12
    )

    assert {response.status_code for response in responses} == {200}
    assert {response.json["version"] for response in responses} == {2}
    assert len({response.json["completed_at"] for response in responses}) == 1


def increment(client: Client, path: str, times: int) -> None:
    """Increment a number in the description; read it again after each 412."""
    remaining = times
    while remaining:
        read = client.get(path)
        changes = {"description": str(int(read.json["description"]) + 1)}
        headers = {"If-Match": read.headers["ETag"]}
        response = client.patch(path, changes, headers=headers)
        assert response.status_code in {200, 412}, response.text
        remaining -= response.status_code == 200


def test_concurrent_retried_increments_lose_no_update(ann: Client) -> None:
    task = ann.create_task(description="0")
    path = f"tasks/{task['id']}"

    run_concurrently(*[partial(increment, ann, path, 5)] * 8)

    counted = ann.get(path).json
    assert (counted["description"], counted["version"]) == ("40", 41)


def test_concurrent_changes_of_different_fields_are_all_stored(
    ann: Client, task: dict[str, Any]
) -> None:
    path = f"tasks/{task['id']}"
    changes = {
        "title": "Tea",
        "description": "Green",
        "status": "in_progress",
        "priority": "high",
        "due_date": "2036-12-24",
    }

    run_concurrently(*[partial(ann.patch, path, {n: v}) for n, v in changes.items()])

    stored = ann.get(path).json
    assert stored.items() >= changes.items()
    assert stored["version"] == 6


def test_concurrent_creations_are_each_stored_once(ann: Client) -> None:
    wanted = [f"{number:02}" for number in range(24)]

    created = run_concurrently(
        *[partial(ann.create_task, title=title) for title in wanted]
    )

    stored = ann.get("tasks?sort=title&limit=100").json["items"]
    assert stored == sorted(created, key=lambda task: task["title"])
    assert [task["title"] for task in stored] == wanted


@rounds
def test_concurrent_deletions_succeed_once(
    ann: Client, task: dict[str, Any], attempt: int
) -> None:
    responses = run_concurrently(*[partial(ann.delete, f"tasks/{task['id']}")] * 6)

    assert sorted(a.status_code for a in responses) == [204, *[404] * 5]


@rounds
def test_change_and_deletion_with_one_etag_exclude_each_other(
    ann: Client, task: dict[str, Any], attempt: int
) -> None:
    path, headers = f"tasks/{task['id']}", {"If-Match": '"1"'}

    changed, deleted = run_concurrently(
        partial(ann.patch, path, {"title": "Tea"}, headers=headers),
        partial(ann.delete, path, headers=headers),
    )

    outcome = (changed.status_code, deleted.status_code)
    assert outcome in {(200, 412), (404, 204)}
    assert ann.get(path).status_code == changed.status_code


@rounds
def test_deletion_without_etag_wins_over_concurrent_changes(
    ann: Client, task: dict[str, Any], attempt: int
) -> None:
    path = f"tasks/{task['id']}"

    deleted, *changed = run_concurrently(
        partial(ann.delete, path),
        *[partial(ann.patch, path, {"title": f"{number}"}) for number in range(6)],
    )

    assert deleted.status_code == 204
    assert {response.status_code for response in changed} <= {200, 404}
    assert ann.get(path).status_code == 404
