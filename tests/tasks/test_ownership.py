"""What belongs to someone else looks exactly like what does not exist."""

from typing import Any

import pytest

from tests.support import Client, refused
from tests.tasks.support import titles

ABSENT = 2**62

guard = pytest.mark.parametrize(
    "headers",
    [{}, {"If-Match": '"1"', "If-None-Match": '"1"'}, {"If-Match": '"7"'}],
    ids=["plain", "right tag", "wrong tag"],
)


@guard
@pytest.mark.parametrize(
    ("method", "body"),
    [("GET", None), ("PATCH", {"title": "Mine"}), ("PUT", {}), ("DELETE", None)],
    ids=["read", "change", "put", "delete"],
)
def test_a_task_of_someone_else_does_not_exist(
    ann: Client,
    bob: Client,
    method: str,
    body: dict[str, str] | None,
    headers: dict[str, str],
) -> None:
    task = ann.make_task()

    theirs = bob.call(method, f"tasks/{task['id']}", json=body, headers=headers)
    absent = bob.call(method, f"tasks/{ABSENT}", json=body, headers=headers)

    assert seen(theirs) == seen(absent)
    assert ann.get(f"tasks/{task['id']}").json == task


def seen(answer: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the problem and the headers, but for what names the request."""
    problem = refused(answer, 404, "not-found")
    volatile = {"X-Request-ID", "Content-Length", "Server-Timing"}
    kept = {k: v for k, v in answer.headers.items() if k not in volatile}
    return problem | {"request_id": None, "instance": None}, kept


def test_a_list_holds_the_callers_own_tasks_alone(ann: Client, bob: Client) -> None:
    ann.make_task(title="Hers")
    his = bob.make_task(title="His")

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
def test_no_filter_sort_or_page_shows_a_task_of_someone_else(
    ann: Client, bob: Client, query: str
) -> None:
    [ann.make_task(due_date="2020-01-01") for _ in range(2)]

    listed = bob.get(f"tasks?{query}&include_total=true")

    assert listed.json == {"items": [], "next_cursor": None, "total": 0}


def test_a_task_belongs_to_who_made_it(ann: Client, bob: Client) -> None:
    task = ann.make_task()

    changed = ann.patch(f"tasks/{task['id']}", {"title": "Tea"}).json

    assert changed["owner_id"] == task["owner_id"] == ann.user["id"]
    assert titles(bob.get("tasks")) == []


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
def test_nobody_reaches_a_task_without_logging_in(
    ann: Client, anyone: Client, method: str, path: str
) -> None:
    task = ann.make_task()

    answer = anyone.call(method, path.format(id=task["id"]), json={"title": "Tea"})

    refused(answer, 401, "token-missing")
    assert ann.get("tasks").json["items"] == [task]


def test_tasks_go_with_their_owner_and_nobody_elses(ann: Client, bob: Client) -> None:
    ann.make_task()
    his = bob.make_task()

    gone = ann.delete("users/me", {"password": "a long walk in the rain"})

    assert gone.status_code == 204
    assert bob.get("tasks").json["items"] == [his]
