"""Deleting an account with more rows than one transaction deletes."""

from typing import Any

import pytest

from taskapi import maintenance
from taskapi.tasks.models import Task, task_tags
from taskapi.users.deletion import BATCH
from taskapi.users.models import User
from tests.admin.conftest import root
from tests.helpers.client import PASSWORD, Client, assert_problem
from tests.tasks.trees import rows

__all__ = ["root"]
TREES = 3


@pytest.fixture
def large(ann: Client) -> Client:
    """Return a client with several hundred tasks in trees."""
    for _ in range(TREES):
        subtasks = [{"title": "Dig", "tags": ["a"]} for _ in range(BATCH // 2)]
        ann.create_task(title="Garden", subtasks=subtasks)
    return ann


def end(client: Client) -> Any:
    return client.delete("users/me", {"password": PASSWORD})


def test_large_account_is_marked_and_deleted_in_batches(
    large: Client, bob: Client, statements: list[str]
) -> None:
    bob.create_task(tags=["b"])

    assert end(large).status_code == 204
    deletions = [text for text in statements if text.startswith(("DELETE", "WITH"))]
    assert rows(bob, Task) == 1 + TREES * (1 + BATCH // 2) - BATCH
    assert not any("FROM users" in text for text in deletions)

    with bob.app.app_context():
        counted = maintenance.purge()["deleted accounts"]

    assert counted >= TREES * (1 + BATCH // 2) - BATCH + 1
    assert (rows(bob, Task), rows(bob, task_tags), rows(bob, User)) == (1, 1, 1)


def test_account_under_deletion_is_not_found(large: Client, root: Client) -> None:
    user_id = large.user["id"]

    assert root.delete(f"users/{user_id}").status_code == 204

    assert_problem(large.get("tasks"), 401, "session-revoked")
    for method in ("GET", "PATCH", "DELETE"):
        body = {"is_active": True} if method == "PATCH" else None
        assert_problem(
            root.call(method, f"users/{user_id}", json=body), 404, "not-found"
        )
    listed = root.get("users?include_total=true").json
    assert user_id not in [user["id"] for user in listed["items"]]
    assert listed["total"] == len(listed["items"])
    assert root.get("tasks/admin/stats").json["tasks"]["total"] == 0
    assert Client(large.app, large.name).register().user["id"] != user_id


def test_batch_deletes_subtasks_before_their_parents(large: Client) -> None:
    end(large)

    assert rows(large, Task) == TREES * (1 + BATCH // 2) - BATCH
