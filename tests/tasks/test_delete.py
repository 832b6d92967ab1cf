"""Deletion of tasks: they are not found afterwards, and ids are not reused."""

from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem


def test_delete_returns_204(ann: Client, task: dict[str, Any]) -> None:
    response = ann.delete(f"tasks/{task['id']}")

    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers


@pytest.mark.parametrize(
    ("method", "body"),
    [("GET", None), ("PATCH", {"title": "Tea"}), ("PUT", {}), ("DELETE", None)],
    ids=["read", "change", "put", "delete again"],
)
def test_deleted_task_is_not_found(
    ann: Client, task: dict[str, Any], method: str, body: dict[str, str] | None
) -> None:
    ann.delete(f"tasks/{task['id']}")

    response = ann.call(method, f"tasks/{task['id']}", json=body)

    assert_problem(response, 404, "not-found")


def test_deleted_task_is_not_listed(ann: Client, task: dict[str, Any]) -> None:
    other = ann.create_task()

    ann.delete(f"tasks/{task['id']}")

    listed = ann.get("tasks?include_total=true").json
    assert listed == {"items": [other], "next_cursor": None, "total": 1}


def test_ids_are_not_reused(ann: Client) -> None:
    last = ann.create_task()

    ann.delete(f"tasks/{last['id']}")

    assert ann.create_task()["id"] > last["id"]
