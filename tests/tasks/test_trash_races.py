"""Concurrent restorations and deletions: no task is lost."""

from functools import partial
from typing import Any

import pytest

from taskapi.tasks.models import Task
from tests.helpers.client import Client
from tests.helpers.concurrency import meeting, run_concurrently
from tests.tasks.trees import make_chain, rows

rounds = pytest.mark.parametrize("attempt", range(4), ids="round {}".format)


def restore(client: Client, task_id: int, **options: Any) -> Any:
    """Restore a task from the trash."""
    return client.post(f"tasks/{task_id}/restore", **options)


@rounds
def test_concurrent_restore_and_permanent_deletion_exclude_each_other(
    ann: Client, attempt: int
) -> None:
    task = ann.create_task(subtasks=[{"title": "Below"}])
    path = f"tasks/{task['id']}"
    ann.delete(path)

    with meeting(ann.app, ("WITH RECURSIVE", "DELETE FROM tasks")):
        back, deleted = run_concurrently(
            partial(restore, ann, task["id"]),
            partial(ann.delete, f"{path}?permanent=true"),
        )

    assert (back.status_code, deleted.status_code) in {(200, 204), (404, 204)}
    assert rows(ann, Task) == 0


@rounds
def test_restore_and_deletion_with_one_version_exclude_each_other(
    ann: Client, attempt: int
) -> None:
    task_id = make_chain(ann, 2)[0]
    ann.delete(f"tasks/{task_id}")
    guard = {"If-Match": '"2"'}

    back, deleted = run_concurrently(
        partial(restore, ann, task_id, headers=guard),
        partial(ann.delete, f"tasks/{task_id}?permanent=true", headers=guard),
    )

    outcome = (back.status_code, deleted.status_code, rows(ann, Task))
    assert outcome in {(200, 412, 2), (404, 204, 0)}


@rounds
def test_subtask_restored_during_deletion_of_its_parent_is_not_lost(
    ann: Client, attempt: int
) -> None:
    top, bottom = make_chain(ann, 2)
    ann.delete(f"tasks/{bottom}")

    with meeting(ann.app, "WITH RECURSIVE"):
        back, _ = run_concurrently(
            partial(restore, ann, bottom), partial(ann.delete, f"tasks/{top}")
        )

    shown = ann.get(f"tasks/{bottom}")
    assert back.status_code == 200
    assert shown.status_code == 404 or shown.json["parent_id"] is None
    assert restore(ann, top).status_code == 200
