"""External ids: keys of the client, unique among the tasks outside the trash."""

from functools import partial
from typing import Any

import pytest

from taskapi.tasks.models import Task
from tests.helpers.client import Client, assert_problem, field_errors
from tests.helpers.concurrency import run_concurrently
from tests.tasks.support import titles
from tests.tasks.trees import chain, rows, tree


def taken(response: Any, task_id: int) -> list[str]:
    """Assert that an external id is taken; return the pointers of the error."""
    problem = assert_problem(response, 409, "already-exists")
    assert (problem["field"], problem["existing_id"]) == ("external_id", task_id)
    assert {error["code"] for error in problem.get("errors", [])} <= {"taken"}
    return [error["pointer"] for error in problem.get("errors", [])]


@pytest.mark.parametrize("name", ["7", "Ä/é?#&=%", "x" * 200, "UPPER", "a  b", "😀"])
def test_list_finds_a_task_by_external_id(ann: Client, name: str) -> None:
    made = ann.create_task(title="Imported", external_id=name)

    found = ann.get("tasks", query_string={"external_id": name})

    assert made["external_id"] == name
    assert found.json["items"] == [made]


def test_external_ids_are_case_sensitive(ann: Client) -> None:
    [ann.create_task(title=name, external_id=name) for name in ("abc", "ABC")]

    found = ann.get("tasks?external_id=ABC")

    assert titles(found) == ["ABC"]


@pytest.mark.one_database
def test_external_id_is_trimmed(ann: Client) -> None:
    made = ann.create_task(external_id="  a b ")

    assert made["external_id"] == "a b"


def test_tasks_without_external_id_do_not_collide(ann: Client) -> None:
    made = [ann.create_task(), ann.create_task(external_id=None)]

    assert [task["external_id"] for task in made] == [None, None]


def test_external_id_can_be_set_and_cleared(ann: Client, task: dict[str, Any]) -> None:
    path = f"tasks/{task['id']}"

    given = ann.patch(path, {"external_id": "A"})
    away = ann.patch(path, {"external_id": None})

    assert (given.json["external_id"], given.json["version"]) == ("A", 2)
    assert (away.json["external_id"], away.json["version"]) == (None, 3)


@pytest.mark.one_database
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
def test_external_id_has_1_to_200_printable_characters(
    ann: Client, value: Any, code: str
) -> None:
    response = ann.post("tasks", {"title": "Pay", "external_id": value})

    assert field_errors(response) == {"#/external_id": code}
    assert rows(ann, Task) == 0


def test_taken_external_id_reports_the_existing_task(ann: Client) -> None:
    first = ann.create_task(external_id="A")

    again = ann.post("tasks", {"title": "Again", "external_id": "A"})

    assert taken(again, first["id"]) == ["#/external_id"]
    assert ann.get("tasks").json["items"] == [first]


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_change_to_a_taken_external_id_is_rejected(
    ann: Client, task: dict[str, Any], method: str
) -> None:
    first, path = ann.create_task(external_id="A"), f"tasks/{task['id']}"

    response = ann.call(method, path, json={"title": "Tea", "external_id": "A"})

    assert taken(response, first["id"]) == ["#/external_id"]
    assert ann.get(path).json == task


def test_task_accepts_its_own_external_id(ann: Client) -> None:
    made = ann.create_task(external_id="A")

    response = ann.patch(f"tasks/{made['id']}", {"external_id": "A"})

    assert (response.status_code, response.json) == (200, made)


def test_external_ids_are_unique_per_user(ann: Client, bob: Client) -> None:
    ann.create_task(external_id="A")

    his = bob.create_task(external_id="A")

    assert bob.get("tasks?external_id=A").json["items"] == [his]


def test_tree_with_a_taken_external_id_is_not_created(ann: Client) -> None:
    first = ann.create_task(external_id="A")
    below = {"title": "Eat", "external_id": "A"}
    branch = {"title": "Cook", "external_id": "B", "subtasks": [below]}

    response = ann.post("tasks", {"title": "Shop", "subtasks": [branch]})

    pointer = "#/subtasks/0/subtasks/0/external_id"
    assert taken(response, first["id"]) == [pointer]
    assert rows(ann, Task) == 1


def test_repeated_external_id_in_a_request_is_rejected(ann: Client) -> None:
    duplicate = {"title": "Eat", "external_id": "A"}

    response = ann.post("tasks", {"title": "Shop", "subtasks": [duplicate, duplicate]})

    assert field_errors(response) == {"#/subtasks/1/external_id": "repeated"}
    assert rows(ann, Task) == 0


def test_bulk_reports_only_the_colliding_external_id(ann: Client) -> None:
    a, b, c = [ann.create_task(external_id=name) for name in "ABC"]
    same = {"id": a["id"], "external_id": "A", "title": "Tea"}
    clash = {"id": b["id"], "external_id": "C"}

    response = ann.post("tasks/bulk", {"update": [same, clash]})

    assert taken(response, c["id"]) == ["#/update/1/external_id"]
    assert ann.get("tasks?sort=created_at").json["items"] == [a, b, c]


def test_bulk_reports_a_colliding_new_task(ann: Client) -> None:
    first = ann.create_task(external_id="A")
    clash = {"title": "Again", "external_id": "A"}

    response = ann.post("tasks/bulk", {"create": [{"title": "Tea"}, clash]})

    assert taken(response, first["id"]) == ["#/create/1/external_id"]
    assert rows(ann, Task) == 1


@pytest.mark.parametrize("query", ["", "?permanent=true"], ids=["trash", "permanently"])
def test_external_id_of_a_deleted_task_is_available(ann: Client, query: str) -> None:
    first = ann.create_task(external_id="A")
    ann.delete(f"tasks/{first['id']}{query}")

    second = ann.create_task(external_id="A")

    assert ann.get("tasks?external_id=A").json["items"] == [second]


@pytest.mark.parametrize("level", [1, 2, 3])
def test_restore_with_a_taken_external_id_is_rejected(ann: Client, level: int) -> None:
    old = ann.create_task(**chain(3, external_id="Level 3"))
    [middle] = old["subtasks"]
    ann.patch(f"tasks/{middle['id']}", {"external_id": "Level 2"})
    ann.patch(f"tasks/{middle['subtasks'][0]['id']}", {"external_id": "Level 1"})
    ann.delete(f"tasks/{old['id']}")
    new = ann.create_task(external_id=f"Level {level}")

    response = ann.post(f"tasks/{old['id']}/restore")

    taken(response, new["id"])
    assert ann.get("tasks").json["items"] == [new]
    assert tree(ann, new["id"])["version"] == 1


def test_concurrent_creations_with_one_external_id_succeed_once(ann: Client) -> None:
    wanted = {"title": "Import", "external_id": "A"}

    responses = run_concurrently(*[partial(ann.post, "tasks", wanted)] * 12)

    (made,) = [response.json for response in responses if response.status_code == 201]
    late = [response for response in responses if response.status_code != 201]
    assert [taken(a, made["id"]) for a in late] == [["#/external_id"]] * 11
    assert rows(ann, Task) == 1
