"""External ids: the caller's own keys, each used once among the tasks that are live."""

from functools import partial
from typing import Any

import pytest

from taskapi.tasks.models import Task
from tests.backstage import at_once
from tests.support import Client, faults, refused
from tests.tasks.planting import chain, rows, tree
from tests.tasks.support import titles


def taken(answer: Any, task_id: int) -> list[str]:
    """Assert that a task has the external id already; return the pointers."""
    problem = refused(answer, 409, "already-exists")
    assert (problem["field"], problem["existing_id"]) == ("external_id", task_id)
    assert {fault["code"] for fault in problem.get("errors", [])} <= {"taken"}
    return [fault["pointer"] for fault in problem.get("errors", [])]


@pytest.mark.parametrize("name", ["7", "Ä/é?#&=%", "x" * 200, "UPPER", "a  b", "😀"])
def test_a_task_is_found_by_its_external_id(ann: Client, name: str) -> None:
    made = ann.make_task(title="Imported", external_id=name)

    found = ann.get("tasks", query_string={"external_id": name})

    assert made["external_id"] == name
    assert found.json["items"] == [made]


def test_letter_case_tells_external_ids_apart(ann: Client) -> None:
    [ann.make_task(title=name, external_id=name) for name in ("abc", "ABC")]

    found = ann.get("tasks?external_id=ABC")

    assert titles(found) == ["ABC"]


def test_an_external_id_is_trimmed(ann: Client) -> None:
    made = ann.make_task(external_id="  a b ")

    assert made["external_id"] == "a b"


def test_tasks_without_an_external_id_do_not_collide(ann: Client) -> None:
    made = [ann.make_task(), ann.make_task(external_id=None)]

    assert [task["external_id"] for task in made] == [None, None]


def test_an_external_id_can_be_given_and_taken_away(
    ann: Client, task: dict[str, Any]
) -> None:
    path = f"tasks/{task['id']}"

    given = ann.patch(path, {"external_id": "A"})
    away = ann.patch(path, {"external_id": None})

    assert (given.json["external_id"], given.json["version"]) == ("A", 2)
    assert (away.json["external_id"], away.json["version"]) == (None, 3)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "length"),
        ("  ", "length"),
        ("x" * 201, "length"),
        ("a\nb", "control"),
        ("a\0b", "characters"),
        (7, "type"),
        (["a"], "type"),
    ],
)
def test_an_external_id_is_1_to_200_characters_of_one_line(
    ann: Client, value: Any, code: str
) -> None:
    answer = ann.post("tasks", {"title": "Pay", "external_id": value})

    assert faults(answer) == {"#/external_id": code}
    assert rows(ann, Task) == 0


def test_a_second_task_with_an_external_id_is_told_of_the_first(ann: Client) -> None:
    first = ann.make_task(external_id="A")

    again = ann.post("tasks", {"title": "Again", "external_id": "A"})

    assert taken(again, first["id"]) == ["#/external_id"]
    assert ann.get("tasks").json["items"] == [first]


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_change_to_a_taken_external_id_is_refused(
    ann: Client, task: dict[str, Any], method: str
) -> None:
    first, path = ann.make_task(external_id="A"), f"tasks/{task['id']}"

    answer = ann.call(method, path, json={"title": "Tea", "external_id": "A"})

    assert taken(answer, first["id"]) == ["#/external_id"]
    assert ann.get(path).json == task


def test_a_task_may_say_its_own_external_id_again(ann: Client) -> None:
    made = ann.make_task(external_id="A")

    answer = ann.patch(f"tasks/{made['id']}", {"external_id": "A"})

    assert (answer.status_code, answer.json) == (200, made)


def test_everybody_has_external_ids_of_their_own(ann: Client, bob: Client) -> None:
    ann.make_task(external_id="A")

    his = bob.make_task(external_id="A")

    assert bob.get("tasks?external_id=A").json["items"] == [his]


def test_nothing_of_a_tree_is_made_when_one_external_id_is_taken(ann: Client) -> None:
    first = ann.make_task(external_id="A")
    below = {"title": "Eat", "external_id": "A"}
    branch = {"title": "Cook", "external_id": "B", "subtasks": [below]}

    answer = ann.post("tasks", {"title": "Shop", "subtasks": [branch]})

    pointer = "#/subtasks/0/subtasks/0/external_id"
    assert taken(answer, first["id"]) == [pointer]
    assert rows(ann, Task) == 1


def test_an_external_id_twice_in_a_request_is_refused(ann: Client) -> None:
    twin = {"title": "Eat", "external_id": "A"}

    answer = ann.post("tasks", {"title": "Shop", "subtasks": [twin, twin]})

    assert faults(answer) == {"#/subtasks/1/external_id": "repeated"}
    assert rows(ann, Task) == 0


def test_a_bulk_names_what_collides_and_nothing_else(ann: Client) -> None:
    a, b, c = [ann.make_task(external_id=name) for name in "ABC"]
    same = {"id": a["id"], "external_id": "A", "title": "Tea"}
    clash = {"id": b["id"], "external_id": "C"}

    answer = ann.post("tasks/bulk", {"update": [same, clash]})

    assert taken(answer, c["id"]) == ["#/update/1/external_id"]
    assert ann.get("tasks?sort=created_at").json["items"] == [a, b, c]


def test_a_bulk_names_a_new_task_that_collides(ann: Client) -> None:
    first = ann.make_task(external_id="A")
    clash = {"title": "Again", "external_id": "A"}

    answer = ann.post("tasks/bulk", {"create": [{"title": "Tea"}, clash]})

    assert taken(answer, first["id"]) == ["#/create/1/external_id"]
    assert rows(ann, Task) == 1


@pytest.mark.parametrize("query", ["", "?permanent=true"], ids=["trash", "for good"])
def test_the_external_id_of_a_deleted_task_is_free(ann: Client, query: str) -> None:
    first = ann.make_task(external_id="A")
    ann.delete(f"tasks/{first['id']}{query}")

    second = ann.make_task(external_id="A")

    assert ann.get("tasks?external_id=A").json["items"] == [second]


@pytest.mark.parametrize("level", [1, 2, 3])
def test_nothing_comes_back_while_one_external_id_is_used(
    ann: Client, level: int
) -> None:
    old = ann.make_task(**chain(3, external_id="Level 3"))
    [middle] = old["subtasks"]
    ann.patch(f"tasks/{middle['id']}", {"external_id": "Level 2"})
    ann.patch(f"tasks/{middle['subtasks'][0]['id']}", {"external_id": "Level 1"})
    ann.delete(f"tasks/{old['id']}")
    new = ann.make_task(external_id=f"Level {level}")

    answer = ann.post(f"tasks/{old['id']}/restore")

    taken(answer, new["id"])
    assert ann.get("tasks").json["items"] == [new]
    assert tree(ann, new["id"])["version"] == 1


def test_of_twelve_tasks_with_one_external_id_one_is_made(ann: Client) -> None:
    wanted = {"title": "Import", "external_id": "A"}

    answers = at_once(*[partial(ann.post, "tasks", wanted)] * 12)

    (made,) = [answer.json for answer in answers if answer.status_code == 201]
    late = [answer for answer in answers if answer.status_code != 201]
    assert [taken(a, made["id"]) for a in late] == [["#/external_id"]] * 11
    assert rows(ann, Task) == 1
