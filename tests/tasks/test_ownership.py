"""Tasks of other users, which are indistinguishable from nonexistent ones."""

from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem
from tests.tasks.support import titles

ABSENT = 2**62

guard = pytest.mark.parametrize(
    "headers",
    [{}, {"If-Match": '"1"', "If-None-Match": '"1"'}, {"If-Match": '"7"'}],
    ids=["plain", "current etag", "stale etag"],
)


@guard
@pytest.mark.parametrize(
    ("method", "body"),
    [("GET", None), ("PATCH", {"title": "Mine"}), ("PUT", {}), ("DELETE", None)],
    ids=["read", "change", "put", "delete"],
)
def test_task_of_another_user_is_not_found(
    ann: Client,
    bob: Client,
    method: str,
    body: dict[str, str] | None,
    headers: dict[str, str],
) -> None:
    task = ann.create_task()

    foreign = bob.call(method, f"tasks/{task['id']}", json=body, headers=headers)
    absent = bob.call(method, f"tasks/{ABSENT}", json=body, headers=headers)

    assert comparable(foreign) == comparable(absent)
    assert ann.get(f"tasks/{task['id']}").json == task


def comparable(response: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the problem and the headers without what differs in each response."""
    problem = assert_problem(response, 404, "not-found")
    volatile = {"X-Request-ID", "Content-Length", "Server-Timing"}
    kept = {k: v for k, v in response.headers.items() if k not in volatile}
    return problem | {"request_id": None, "instance": None}, kept


def test_list_contains_only_tasks_of_the_caller(ann: Client, bob: Client) -> None:
    ann.create_task(title="Hers")
    his = bob.create_task(title="His")

    listed = bob.get("tasks?include_total=true")

    assert listed.json == {"items": [his], "next_cursor": None, "total": 1}


@pytest.mark.parametrize(
    "query",
    [
        "status=todo",
        "priority=medium",
        "overdue=true",
        "due_before=2036-01-01T00:00:00Z",
        "created_after=1970-01-01T00:00:00Z",
        "sort=due_date&limit=1",
        "offset=1",
        "page=2&limit=1",
    ],
)
def test_filters_sorts_and_pages_hide_tasks_of_other_users(
    ann: Client, bob: Client, query: str
) -> None:
    [ann.create_task(due_date="2020-01-01") for _ in range(2)]

    listed = bob.get(f"tasks?{query}&include_total=true")

    assert listed.json == {"items": [], "next_cursor": None, "total": 0}


def test_task_belongs_to_its_creator(ann: Client, bob: Client) -> None:
    task = ann.create_task()

    changed = ann.patch(f"tasks/{task['id']}", {"title": "Tea"}).json

    assert changed["owner_id"] == task["owner_id"] == ann.user["id"]
    assert titles(bob.get("tasks")) == []


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "tasks"),
        ("POST", "tasks"),
        ("GET", "tasks/{id}"),
        ("PATCH", "tasks/{id}"),
        ("PUT", "tasks/{id}"),
        ("DELETE", "tasks/{id}"),
    ],
)
def test_task_operations_require_credentials(
    ann: Client, anonymous: Client, method: str, path: str
) -> None:
    task = ann.create_task()

    response = anonymous.call(method, path.format(id=task["id"]), json={"title": "Tea"})

    assert_problem(response, 401, "token-missing")
    assert ann.get("tasks").json["items"] == [task]


def test_tasks_are_deleted_with_their_owner(ann: Client, bob: Client) -> None:
    ann.create_task()
    his = bob.create_task()

    response = ann.delete("users/me", {"password": "a long walk in the rain"})

    assert response.status_code == 204
    assert bob.get("tasks").json["items"] == [his]
