"""Bulk operations: several changes in one transaction."""

from functools import partial
from typing import Any

import pytest

from taskapi.tasks.models import Task
from tests.helpers.client import Client
from tests.helpers.concurrency import run_concurrently
from tests.tasks.support import titles
from tests.tasks.trees import chain, ids_below, make_chain, rows, titles_below, tree


def bulk(client: Client, **request: Any) -> Any:
    """Send a bulk request, and return its result."""
    response = client.post("tasks/bulk", request)
    assert response.status_code == 200, response.text
    return response.json


def test_bulk_creates_changes_and_deletes_tasks(ann: Client) -> None:
    tea, soup, bread = [ann.create_task(title=n) for n in ("Tea", "Soup", "Bread")]

    result = bulk(
        ann,
        create=[{"title": "Milk", "tags": ["shop"], "due_date": "2036-12-24"}],
        update=[{"id": soup["id"], "status": "completed", "tags": ["hot"]}],
        delete=[bread["id"]],
    )

    [milk], [changed] = result["created"], result["updated"]
    assert result["deleted"] == [bread["id"]]
    assert (milk["tags"], milk["due_date"]) == (["shop"], "2036-12-24")
    assert (changed["version"], changed["tags"]) == (2, ["hot"])
    assert ann.get("tasks?sort=created_at").json["items"] == [tea, changed, milk]


def test_bulk_returns_tasks_in_the_order_of_the_request(ann: Client) -> None:
    ids = [ann.create_task()["id"] for _ in range(9)]
    mixed = [ids[n] for n in (4, 2, 7, 0, 8)]
    names = [f"New {number}" for number in range(30)]

    result = bulk(
        ann,
        create=[{"title": name} for name in names],
        update=[{"id": task_id, "title": f"{task_id}"} for task_id in mixed],
        delete=[ids[6], ids[1]],
    )

    assert [task["title"] for task in result["created"]] == names
    assert [task["id"] for task in result["updated"]] == mixed
    assert result["deleted"] == [ids[6], ids[1]]


def test_bulk_accepts_a_hundred_changes(ann: Client) -> None:
    created = bulk(ann, create=[{"title": f"{n}"} for n in range(100)])["created"]

    changed = bulk(ann, update=[{"id": t["id"], "title": "Tea"} for t in created])
    bulk(ann, delete=[task["id"] for task in created])

    assert {task["version"] for task in changed["updated"]} == {2}
    assert ann.get("tasks").json["items"] == []


def test_bulk_changes_different_fields_of_each_task(ann: Client) -> None:
    first, second, third = [ann.create_task(title=name) for name in "abc"]
    changes = [
        {"id": first["id"], "priority": "high"},
        {"id": second["id"], "title": "B", "description": "Both"},
        {"id": third["id"], "status": "completed"},
    ]

    updated = bulk(ann, update=changes)["updated"]

    assert [task["version"] for task in updated] == [2, 2, 2]
    assert updated[0] | changes[0] == updated[0]
    assert updated[1] | changes[1] == updated[1]
    assert updated[2]["completed_at"] == updated[2]["updated_at"]


def test_bulk_change_without_effect_keeps_the_version(
    ann: Client, task: dict[str, Any]
) -> None:
    same = {"id": task["id"], "title": task["title"], "tags": []}

    result = bulk(ann, update=[same])

    assert result["updated"] == [task]


def test_bulk_accepts_a_version_for_each_change(ann: Client) -> None:
    one, other = ann.create_task(), ann.create_task()
    ann.patch(f"tasks/{other['id']}", {"title": "Tea"})

    result = bulk(
        ann,
        update=[
            {"id": one["id"], "if_version": 1, "title": "New"},
            {"id": other["id"], "if_version": 2, "title": "New"},
        ],
    )

    assert [task["version"] for task in result["updated"]] == [2, 3]


def test_bulk_creates_trees(ann: Client) -> None:
    shop = ann.create_task(title="Shop")

    result = bulk(
        ann, create=[chain(2, parent_id=shop["id"]), chain(3), {"title": "Alone"}]
    )

    assert [task["subtask_count"] for task in result["created"]] == [1, 1, 0]
    assert titles_below(tree(ann, shop["id"])) == ["Shop", ["Level 2", ["Level 1"]]]
    assert rows(ann, Task) == 7


def test_bulk_moves_tasks(ann: Client) -> None:
    one, other, third = [ann.create_task(title=name)["id"] for name in "abc"]
    moves = [{"id": other, "parent_id": one}, {"id": third, "parent_id": other}]

    bulk(ann, update=moves)

    assert titles_below(tree(ann, one)) == ["a", ["b", ["c"]]]


def test_bulk_swaps_parent_and_subtask(ann: Client) -> None:
    top, bottom = make_chain(ann, 2)

    bulk(
        ann,
        update=[{"id": top, "parent_id": bottom}, {"id": bottom, "parent_id": None}],
    )

    assert titles_below(tree(ann, bottom)) == ["Level 1", ["Level 2"]]


def test_bulk_moves_a_task_out_of_a_tree_that_it_deletes(ann: Client) -> None:
    top, middle, _ = make_chain(ann, 3)

    bulk(ann, update=[{"id": middle, "parent_id": None}], delete=[top])

    assert titles_below(tree(ann, middle)) == ["Level 2", ["Level 1"]]
    assert ann.get(f"tasks/{top}").status_code == 404


def test_bulk_deletes_task_and_subtask_together(ann: Client) -> None:
    top, bottom = make_chain(ann, 2)

    bulk(ann, delete=[bottom, top])

    assert ann.get("tasks").json["items"] == []
    assert ann.post(f"tasks/{top}/restore").json["subtask_count"] == 1
    assert ann.get(f"tasks/{bottom}").json["version"] == 3


def test_task_deleted_by_a_bulk_can_be_restored(ann: Client) -> None:
    task = ann.create_task(title="Tea", subtasks=[{"title": "Boil"}])

    bulk(ann, delete=[task["id"]])

    assert titles(ann.get("tasks?deleted=true&sort=title")) == ["Boil", "Tea"]
    assert ann.post(f"tasks/{task['id']}/restore").status_code == 200


def test_dry_run_returns_the_result_and_changes_nothing(ann: Client) -> None:
    changed, deleted = ann.create_task(title="Tea"), ann.create_task(title="Soup")
    request = {
        "create": [chain(3, tags=["new"], external_id="A")],
        "update": [{"id": changed["id"], "title": "Coffee", "tags": ["hot"]}],
        "delete": [deleted["id"]],
    }

    dry_run = ann.post("tasks/bulk?dry_run=true", request)

    assert dry_run.status_code == 200
    assert dry_run.json["updated"][0]["version"] == 2
    assert dry_run.json["created"][0]["subtask_count"] == 1
    assert ann.get("tasks?sort=created_at").json["items"] == [changed, deleted]
    assert ann.get("tags").json["items"] == []


def test_bulk_has_the_result_of_its_dry_run(ann: Client) -> None:
    task = ann.create_task()
    request = {"update": [{"id": task["id"], "title": "Tea", "if_version": 1}]}

    dry_run = ann.post("tasks/bulk?dry_run=true", request)
    result = ann.post("tasks/bulk?dry_run=false", request)

    times = {"updated_at": None}
    assert result.json["updated"][0] | times == dry_run.json["updated"][0] | times
    assert result.json["updated"] == ann.get("tasks").json["items"]


@pytest.mark.parametrize("attempt", range(4), ids="round {}".format)
def test_bulk_and_single_change_of_one_version_exclude_each_other(
    ann: Client, task: dict[str, Any], attempt: int
) -> None:
    path, other = f"tasks/{task['id']}", ann.create_task()
    update = [
        {"id": other["id"], "title": "Bulk"},
        {"id": task["id"], "if_version": 1, "title": "Bulk"},
    ]

    many, single = run_concurrently(
        partial(ann.post, "tasks/bulk", {"update": update}),
        partial(ann.patch, path, {"title": "One"}, headers={"If-Match": '"1"'}),
    )

    title, other_title = (
        ("Bulk", "Bulk") if many.status_code == 200 else ("One", "Water")
    )
    assert {many.status_code, single.status_code} == {200, 412}
    assert ann.get(path).json["title"] == title
    assert ann.get(f"tasks/{other['id']}").json["title"].startswith(other_title)


def test_concurrent_bulks_with_one_version_succeed_once(ann: Client) -> None:
    ids = ids_below(ann.create_task(subtasks=[{"title": "Step"}] * 5))
    update = [{"id": i, "if_version": 1, "title": "Tea"} for i in ids]

    responses = run_concurrently(
        *[
            partial(ann.post, "tasks/bulk", {"update": changes})
            for changes in [update, update[::-1]] * 6
        ]
    )

    assert sorted(a.status_code for a in responses) == [200, *[412] * 11]
    assert {task["version"] for task in ann.get("tasks").json["items"]} == {2}
