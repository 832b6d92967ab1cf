"""A deleted task is gone, and its id is not used again."""

from typing import Any

import pytest

from tests.support import Client, refused


def test_a_deletion_answers_with_nothing(ann: Client, task: dict[str, Any]) -> None:
    answer = ann.delete(f"tasks/{task['id']}")

    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers


@pytest.mark.parametrize(
    ("method", "body"),
    [("GET", None), ("PATCH", {"title": "Tea"}), ("PUT", {}), ("DELETE", None)],
    ids=["read", "change", "put", "delete again"],
)
def test_a_deleted_task_does_not_exist(
    ann: Client, task: dict[str, Any], method: str, body: dict[str, str] | None
) -> None:
    ann.delete(f"tasks/{task['id']}")

    answer = ann.call(method, f"tasks/{task['id']}", json=body)

    refused(answer, 404, "not-found")


def test_a_deleted_task_leaves_the_list(ann: Client, task: dict[str, Any]) -> None:
    other = ann.make_task()

    ann.delete(f"tasks/{task['id']}")

    listed = ann.get("tasks?include_total=true").json
    assert listed == {"items": [other], "next_cursor": None, "total": 1}


def test_the_id_of_a_deleted_task_is_not_given_again(ann: Client) -> None:
    last = ann.make_task()

    ann.delete(f"tasks/{last['id']}")

    assert ann.make_task()["id"] > last["id"]
