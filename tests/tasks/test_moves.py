"""Moves within trees, sequential and concurrent."""

from functools import partial
from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem
from tests.helpers.concurrency import meeting, run_concurrently
from tests.tasks.trees import make_chain, titles_below, tree

rounds = pytest.mark.parametrize("attempt", range(4), ids="round {}".format)


def move(client: Client, task_id: int, parent_id: int | None) -> Any:
    """Set the parent of a task."""
    return client.patch(f"tasks/{task_id}", {"parent_id": parent_id})


def test_move_includes_descendants(ann: Client) -> None:
    shop, cook = ann.create_task(title="Shop"), ann.create_task(title="Cook")
    soup = ann.create_task(
        title="Soup", parent_id=shop["id"], subtasks=[{"title": "Eat"}]
    )

    moved = move(ann, soup["id"], cook["id"])

    assert (moved.json["parent_id"], moved.json["version"]) == (cook["id"], 2)
    assert titles_below(tree(ann, cook["id"])) == ["Cook", ["Soup", ["Eat"]]]
    assert titles_below(tree(ann, shop["id"])) == ["Shop"]


def test_move_to_the_top_level_succeeds(ann: Client) -> None:
    top, middle, bottom = make_chain(ann, 3)

    moved = move(ann, middle, None)

    assert (moved.json["parent_id"], moved.json["subtask_count"]) == (None, 1)
    assert ann.get(f"tasks/{top}").json["subtask_count"] == 0
    assert ann.get(f"tasks/{bottom}").json["parent_id"] == middle


def test_move_to_the_same_parent_keeps_the_version(ann: Client) -> None:
    top, bottom = make_chain(ann, 2)
    before = ann.get(f"tasks/{bottom}").json

    moved = move(ann, bottom, top)

    assert (moved.status_code, moved.json) == (200, before)


def test_move_changes_only_the_moved_task(ann: Client) -> None:
    other = ann.create_task()["id"]
    top, middle, bottom = make_chain(ann, 3)

    move(ann, middle, other)

    versions = [ann.get(f"tasks/{i}").json["version"] for i in (other, top, bottom)]
    assert versions == [1, 1, 1]


@pytest.mark.parametrize("level", range(5))
def test_move_below_itself_is_rejected(ann: Client, level: int) -> None:
    ids = make_chain(ann, 5)
    before = tree(ann, ids[0])

    response = move(ann, ids[0], ids[level])

    (error,) = assert_problem(response, 422, "parent-cycle")["errors"]
    assert (error["pointer"], error["code"]) == ("#/parent_id", "parent-cycle")
    assert tree(ann, ids[0]) == before


def test_move_below_a_descendant_is_rejected(ann: Client) -> None:
    ids = make_chain(ann, 10)

    response = move(ann, ids[0], ids[9])

    assert_problem(response, 422, "parent-cycle")
    assert len(str(titles_below(tree(ann, ids[0]))).split("Level")) == 11


@pytest.mark.parametrize(("above", "below"), [(10, 1), (9, 2), (5, 6), (1, 10)])
def test_move_to_an_eleventh_level_is_rejected(
    ann: Client, above: int, below: int
) -> None:
    *_, lowest = make_chain(ann, above)
    moving = make_chain(ann, below)[0]

    response = move(ann, moving, lowest)

    (error,) = assert_problem(response, 422, "parent-too-deep")["errors"]
    assert (error["pointer"], error["code"]) == ("#/parent_id", "parent-too-deep")
    assert ann.get(f"tasks/{moving}").json["parent_id"] is None
    assert ann.get(f"tasks/{lowest}").json["subtask_count"] == 0


def test_move_to_the_tenth_level_succeeds(ann: Client) -> None:
    *_, lowest = make_chain(ann, 5)
    moving = make_chain(ann, 5)[0]

    moved = move(ann, moving, lowest)

    assert (moved.status_code, moved.json["parent_id"]) == (200, lowest)


def test_deleted_descendants_do_not_count_as_levels(ann: Client) -> None:
    *_, lowest = make_chain(ann, 9)
    moving, below = make_chain(ann, 2)
    ann.delete(f"tasks/{below}")

    moved = move(ann, moving, lowest)

    assert moved.status_code == 200


@rounds
def test_concurrent_moves_do_not_form_a_cycle(ann: Client, attempt: int) -> None:
    one, other = ann.create_task()["id"], ann.create_task()["id"]

    with meeting(ann.app, "UPDATE tasks"):
        responses = run_concurrently(
            partial(move, ann, one, other), partial(move, ann, other, one)
        )

    done, late = sorted(responses, key=lambda response: response.status_code)
    assert done.status_code == 200
    assert_problem(late, 422, "parent-cycle")
    listed = ann.get("tasks").json["items"]
    assert [task["parent_id"] for task in listed].count(None) == 1


@rounds
def test_concurrent_moves_do_not_form_eleven_levels(ann: Client, attempt: int) -> None:
    high, middle, low = [make_chain(ann, levels) for levels in (4, 3, 4)]

    with meeting(ann.app, "UPDATE tasks"):
        responses = run_concurrently(
            partial(move, ann, middle[0], high[-1]),
            partial(move, ann, low[0], middle[-1]),
        )

    done, late = sorted(responses, key=lambda response: response.status_code)
    assert done.status_code == 200
    assert_problem(late, 422, "parent-too-deep")


@rounds
def test_task_moved_below_a_concurrently_deleted_one_is_not_lost(
    ann: Client, attempt: int
) -> None:
    parent, moving = ann.create_task()["id"], ann.create_task()["id"]

    with meeting(ann.app, ("UPDATE tasks", "WITH RECURSIVE")):
        deleted, moved = run_concurrently(
            partial(ann.delete, f"tasks/{parent}"), partial(move, ann, moving, parent)
        )

    is_deleted = ann.get(f"tasks/{moving}").status_code == 404
    assert (deleted.status_code, moved.status_code, is_deleted) in {
        (204, 200, True),
        (204, 422, False),
    }
    assert len(ann.get("tasks?deleted=true").json["items"]) == 1 + is_deleted


@rounds
def test_subtask_of_a_concurrently_deleted_task_is_not_lost(
    ann: Client, attempt: int
) -> None:
    parent = ann.create_task()["id"]
    subtask = {"title": "Pay", "parent_id": parent}

    with meeting(ann.app, ("INSERT INTO tasks", "WITH RECURSIVE")):
        deleted, created = run_concurrently(
            partial(ann.delete, f"tasks/{parent}"), partial(ann.post, "tasks", subtask)
        )

    assert (deleted.status_code, created.status_code) in {(204, 201), (204, 422)}
    assert ann.get("tasks").json["items"] == []
