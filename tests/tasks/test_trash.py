"""The trash: deletion with descendants, restoring and permanent deletion."""

from datetime import timedelta
from typing import Any

import pytest

from taskapi import db
from taskapi.tasks import trash
from taskapi.tasks.models import Task, task_tags
from tests.helpers.client import Client, assert_problem, field_errors
from tests.helpers.clock import days, later
from tests.tasks.support import titles
from tests.tasks.trees import ids_below, make_chain, rows, titles_below, tree


def restore(client: Client, task_id: int, **options: Any) -> Any:
    """Restore a task from the trash."""
    return client.post(f"tasks/{task_id}/restore", **options)


@pytest.fixture
def trashed(ann: Client) -> dict[str, Any]:
    """Return a task that is in the trash."""
    task = ann.create_task(title="Old", tags=["old"], due_date="2020-01-01")
    ann.delete(f"tasks/{task['id']}")
    [shown] = ann.get("tasks?deleted=true").json["items"]
    assert isinstance(shown, dict)
    return shown


def test_deleted_task_is_in_the_trash(ann: Client) -> None:
    task = ann.create_task(tags=["a"], due_date="2036-12-24")

    response = ann.delete(f"tasks/{task['id']}")

    [shown] = ann.get("tasks?deleted=true").json["items"]
    assert (response.status_code, response.data) == (204, b"")
    assert shown["deleted_at"] == shown["updated_at"] > task["updated_at"]
    changed = {name: shown[name] for name in ("deleted_at", "updated_at")}
    assert shown == task | changed | {"version": 2}


def test_descendants_are_deleted_with_a_task(ann: Client) -> None:
    top, middle, bottom = make_chain(ann, 3)

    ann.delete(f"tasks/{middle}")

    trashed = ann.get("tasks?deleted=true").json["items"]
    assert {task["id"] for task in trashed} == {middle, bottom}
    assert len({task["deleted_at"] for task in trashed}) == 1
    assert ann.get(f"tasks/{top}").json["subtask_count"] == 0


@pytest.mark.parametrize(
    ("method", "suffix"),
    [
        ("GET", ""),
        ("GET", "?expand=subtasks"),
        ("PATCH", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("DELETE", "?permanent=false"),
    ],
)
def test_task_in_the_trash_is_not_found(
    ann: Client, trashed: dict[str, Any], method: str, suffix: str
) -> None:
    response = ann.call(method, f"tasks/{trashed['id']}{suffix}", json={"title": "Tea"})

    assert_problem(response, 404, "not-found")
    assert ann.get("tasks?deleted=true").json["items"] == [trashed]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=old",
        "tag=old",
        "status=todo",
        "overdue=true",
        "parent_id=1",
        "sort=due_date",
        "deleted=false",
        "ids={id}",
    ],
)
def test_lists_exclude_the_trash(
    ann: Client, trashed: dict[str, Any], query: str
) -> None:
    filters = query.format(id=trashed["id"])

    listed = ann.get(f"tasks?{filters}&include_total=true")

    assert listed.json == {"items": [], "next_cursor": None, "total": 0}


@pytest.mark.parametrize("query", ["q=old", "tag=old", "overdue=true", "ids={id}"])
def test_trash_can_be_searched(
    ann: Client, trashed: dict[str, Any], query: str
) -> None:
    ann.create_task(title="Old but kept", tags=["old"])
    filters = query.format(id=trashed["id"])

    listed = ann.get(f"tasks?deleted=true&{filters}&include_total=true")

    assert (listed.json["items"], listed.json["total"]) == ([trashed], 1)


def test_counts_exclude_the_trash(ann: Client, trashed: dict[str, Any]) -> None:
    stats = ann.get("tasks/stats").json

    assert (stats["total"], stats["overdue"]) == (0, 0)
    assert stats["by_status"]["todo"] == stats["by_priority"]["medium"] == 0
    assert ann.get("tags").json["items"] == []


def test_restored_task_has_its_values(ann: Client, trashed: dict[str, Any]) -> None:
    response = restore(ann, trashed["id"])

    restored = response.json
    times = {"deleted_at": None, "updated_at": restored["updated_at"]}
    assert (response.status_code, response.headers["ETag"]) == (200, '"3"')
    assert restored == trashed | times | {"version": 3}
    assert ann.get("tasks?q=old&tag=old").json["items"] == [restored]
    assert ann.get("tasks?deleted=true").json["items"] == []


def test_tasks_deleted_together_are_restored_together(ann: Client) -> None:
    top, *below = make_chain(ann, 4)
    ann.delete(f"tasks/{top}")

    restore(ann, top)

    shown = tree(ann, top)
    assert titles_below(shown) == ["Level 4", ["Level 3", ["Level 2", ["Level 1"]]]]
    assert [ann.get(f"tasks/{i}").json["version"] for i in below] == [3, 3, 3]


def test_tasks_deleted_earlier_stay_in_the_trash(ann: Client) -> None:
    top, middle, bottom = make_chain(ann, 3)
    ann.delete(f"tasks/{bottom}")
    ann.delete(f"tasks/{top}")

    restore(ann, top)

    assert titles_below(tree(ann, top)) == ["Level 3", ["Level 2"]]
    assert ann.get(f"tasks/{middle}").json["subtask_count"] == 0
    assert restore(ann, bottom).json["parent_id"] == middle


def test_restored_task_without_parent_moves_to_the_top_level(ann: Client) -> None:
    top, middle, bottom = make_chain(ann, 3)
    ann.delete(f"tasks/{top}")

    restored = restore(ann, middle)

    assert (restored.json["parent_id"], restored.json["subtask_count"]) == (None, 1)
    assert restored.json["version"] == 3
    restore(ann, top)
    assert titles_below(tree(ann, top)) == ["Level 3"]
    assert titles_below(tree(ann, middle)) == ["Level 2", ["Level 1"]]
    assert ann.get(f"tasks/{bottom}").status_code == 200


def test_restored_task_that_is_too_deep_moves_to_the_top_level(ann: Client) -> None:
    *_, lowest = make_chain(ann, 8)
    parent, child, _ = make_chain(ann, 3)
    ann.delete(f"tasks/{child}")
    ann.patch(f"tasks/{parent}", {"parent_id": lowest})

    restored = restore(ann, child)

    assert (restored.json["parent_id"], restored.json["subtask_count"]) == (None, 1)
    assert ann.get(f"tasks/{parent}").json["parent_id"] == lowest


@pytest.mark.parametrize("guard", [{}, {"If-Match": '"1"'}, {"If-Match": "*"}])
def test_restore_of_an_existing_task_has_no_effect(
    ann: Client, task: dict[str, Any], guard: dict[str, str]
) -> None:
    response = restore(ann, task["id"], headers=guard)

    assert (response.status_code, response.json) == (200, task)
    assert response.headers["ETag"] == '"1"'


def test_restore_checks_the_version(ann: Client, trashed: dict[str, Any]) -> None:
    stale = restore(ann, trashed["id"], headers={"If-Match": '"1"'})
    current = restore(ann, trashed["id"], headers={"If-Match": '"2"'})

    problem = assert_problem(stale, 412, "precondition-failed")
    assert problem["current_version"] == 2
    assert current.status_code == 200


@pytest.mark.one_database
@pytest.mark.parametrize("query", ["?permanent=1", "?permanent=", "?permanent=TRUE"])
def test_permanent_accepts_only_booleans(
    ann: Client, task: dict[str, Any], query: str
) -> None:
    response = ann.delete(f"tasks/{task['id']}{query}")

    assert field_errors(response) == {"permanent": "type"}
    assert ann.get("tasks").json["items"] == [task]


@pytest.mark.parametrize(
    "first", ["", "?permanent=true"], ids=["from trash", "at once"]
)
def test_permanent_deletion_includes_descendants(ann: Client, first: str) -> None:
    tagged = {"title": "Eat", "tags": ["a"]}
    task = ann.create_task(
        tags=["b"], subtasks=[{"title": "Cook", "subtasks": [tagged]}]
    )
    ann.delete(f"tasks/{task['id']}{first}")

    ann.delete(f"tasks/{task['id']}?permanent=true")

    assert (rows(ann, Task), rows(ann, task_tags)) == (0, 0)
    assert [restore(ann, i).status_code for i in ids_below(task)] == [404] * 3


def test_permanent_deletion_includes_subtasks_in_the_trash(ann: Client) -> None:
    top, bottom = make_chain(ann, 2)
    ann.delete(f"tasks/{bottom}")

    ann.delete(f"tasks/{top}?permanent=true")

    assert rows(ann, Task) == 0


def test_permanent_deletion_checks_the_version(
    ann: Client, trashed: dict[str, Any]
) -> None:
    path = f"tasks/{trashed['id']}?permanent=true"

    stale = ann.delete(path, headers={"If-Match": '"1"'})
    current = ann.delete(path, headers={"If-Match": '"2"'})

    assert assert_problem(stale, 412, "precondition-failed")["current_version"] == 2
    assert (current.status_code, rows(ann, Task)) == (204, 0)


def test_purge_deletes_old_tasks(ann: Client) -> None:
    old, live = ann.create_task(subtasks=[{"title": "Below"}]), ann.create_task()
    ann.delete(f"tasks/{old['id']}")
    with later(days(20)):
        ann.log_in()
        ann.delete(f"tasks/{ann.create_task(title='New')['id']}")

    with later(days(31)), ann.app.app_context(), db.transaction():
        trash.purge(timedelta(days=30))

    assert titles(ann.get("tasks?deleted=true")) == ["New"]
    assert ann.get("tasks").json["items"] == [live]
    assert rows(ann, Task) == 2


def test_trash_is_separate_per_user(
    ann: Client, bob: Client, trashed: dict[str, Any]
) -> None:
    responses = [
        assert_problem(bob.call(method, f"tasks/{task_id}{suffix}"), 404, "not-found")
        for task_id in (trashed["id"], 2**62)
        for method, suffix in (("POST", "/restore"), ("DELETE", "?permanent=true"))
    ]

    assert len({response["detail"] for response in responses}) == 1
    assert bob.get("tasks?deleted=true").json["items"] == []
    assert ann.get("tasks?deleted=true").json["items"] == [trashed]
