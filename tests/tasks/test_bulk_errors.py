"""Errors of bulk operations: nothing is changed, and each error has a pointer."""

from typing import Any

import pytest

from taskapi.tasks.models import Task
from tests.helpers.client import Client, assert_problem, field_errors
from tests.tasks.trees import chain, make_chain, rows

ABSENT = 2**62
PRECONDITION = "precondition-required"
VALID = {"title": "Tea"}


@pytest.fixture
def unchanged(ann: Client) -> Any:
    """Assert after the test that Ann's only task is unchanged."""
    task = ann.create_task(external_id="mine", tags=["a"])
    yield task
    assert ann.get("tasks").json["items"] == [task]
    assert rows(ann, Task) == 1


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ({}, {"#": "length"}),
        ({"create": []}, {"#": "length"}),
        ({"create": [], "update": [], "delete": []}, {"#": "length"}),
        ({"create": None}, {"#/create": "null"}),
        ({"create": VALID}, {"#/create": "type"}),
        ({"create": ["Tea"]}, {"#/create/0": "type"}),
        ({"create": [VALID, {}]}, {"#/create/1/title": "required"}),
        (
            {"create": [VALID, {"title": "Tea", "id": 7}]},
            {"#/create/1/id": "read-only"},
        ),
        (
            {"create": [{"title": "Tea", "if_version": 1}]},
            {"#/create/0/if_version": "unknown"},
        ),
        ({"create": [VALID] * 101}, {"#/create": "length"}),
        ({"create": [VALID], "update": [{}]}, {"#/update/0/id": "required"}),
        ({"create": [VALID], "delete": ["7"]}, {"#/delete/0": "type"}),
        ({"create": [VALID], "delete": [1.0]}, {"#/delete/0": "type"}),
        ({"create": [VALID], "delete": [True]}, {"#/delete/0": "type"}),
        ({"create": [VALID], "delete": [None]}, {"#/delete/0": "null"}),
        ({"create": [VALID], "delete": [0]}, {"#/delete/0": "range"}),
        ({"create": [VALID], "delete": [2**63]}, {"#/delete/0": "range"}),
        ({"create": [VALID], "delete": [ABSENT]}, {"#/delete/0": "not-found"}),
        (
            {"create": [VALID], "update": [{"id": ABSENT}]},
            {"#/update/0/id": "not-found"},
        ),
        (
            {"create": [VALID | {"parent_id": ABSENT}]},
            {"#/create/0/parent_id": "not-found"},
        ),
        ({"create": [VALID], "remove": [1]}, {"#/remove": "unknown"}),
        (
            {"create": [VALID | {"tags": [f"{n}" for n in range(21)]}]},
            {"#/create/0/tags": "length"},
        ),
        ({"create": [VALID | {"tags": ["a,b"]}]}, {"#/create/0/tags/0": "format"}),
        (
            {"create": [VALID | {"subtasks": [VALID] * 101}]},
            {"#/create/0/subtasks": "length"},
        ),
        ({"create": [VALID, VALID | {"subtasks": [VALID] * 99}]}, {"#": "length"}),
        ({"create": [VALID] * 60, "delete": list(range(1, 42))}, {"#": "length"}),
    ],
)
def test_bulk_with_an_error_changes_nothing(
    ann: Client, unchanged: Any, request_: Any, found: dict[str, str]
) -> None:
    response = ann.post("tasks/bulk", request_)

    assert field_errors(response) == found


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"title": None}, {"/title": "null"}),
        ({"title": " ", "status": "done"}, {"/title": "length", "/status": "choice"}),
        ({"if_version": 0}, {"/if_version": "range"}),
        ({"if_version": "1"}, {"/if_version": "type"}),
        ({"if_version": None}, {"/if_version": "null"}),
        ({"version": "1"}, {"/version": "read-only"}),
        ({"subtasks": [VALID]}, {"/subtasks": "unknown"}),
        ({"parent_id": ABSENT}, {"/parent_id": "not-found"}),
    ],
)
def test_bulk_error_has_a_pointer_to_the_change(
    ann: Client, unchanged: Any, change: Any, found: dict[str, str]
) -> None:
    request = {"create": [VALID], "update": [{"id": unchanged["id"]} | change]}

    response = ann.post("tasks/bulk", request)

    assert field_errors(response) == {
        f"#/update/0{place}": code for place, code in found.items()
    }


def test_bulk_rejects_two_changes_of_one_task(ann: Client, unchanged: Any) -> None:
    change = {"id": unchanged["id"], "title": "Tea"}
    request = {"update": [change, change], "delete": [unchanged["id"]]}

    response = ann.post("tasks/bulk", request)

    places = ["#/update/0/id", "#/update/1/id", "#/delete/0"]
    assert field_errors(response) == dict.fromkeys(places, "repeated")


def test_bulk_rejects_a_stale_version_of_any_change(ann: Client) -> None:
    created = ann.post("tasks/bulk", {"create": [VALID] * 60}).json["created"]
    update = [{"id": t["id"], "title": "New", "if_version": 1} for t in created]
    update[56]["if_version"] = 2

    response = ann.post("tasks/bulk", {"update": update})

    (error,) = assert_problem(response, 412, "precondition-failed")["errors"]
    assert error["pointer"] == "#/update/56/if_version"
    assert error["code"] == "precondition-failed"
    listed = ann.get("tasks?limit=100&sort=created_at").json["items"]
    assert sorted(listed, key=lambda task: task["id"]) == created


def test_bulk_reports_each_stale_version(ann: Client) -> None:
    created = [ann.create_task() for _ in range(3)]
    update = [{"id": task["id"], "if_version": n} for n, task in enumerate(created, 1)]

    response = ann.post("tasks/bulk", {"update": update})

    errors = assert_problem(response, 412, "precondition-failed")["errors"]
    pointers = [error["pointer"] for error in errors]
    assert pointers == ["#/update/1/if_version", "#/update/2/if_version"]


def test_bulk_rejects_a_cycle(ann: Client) -> None:
    one, other = ann.create_task(), ann.create_task()
    update = [
        {"id": one["id"], "parent_id": other["id"]},
        {"id": other["id"], "parent_id": one["id"]},
    ]

    response = ann.post("tasks/bulk", {"create": [VALID], "update": update})

    errors = assert_problem(response, 422, "parent-cycle")["errors"]
    pointers = [error["pointer"] for error in errors]
    assert pointers == ["#/update/0/parent_id", "#/update/1/parent_id"]
    assert ann.get("tasks?sort=created_at").json["items"] == [one, other]


@pytest.mark.parametrize("levels", [(10, 10), (6, 5), (9, 2)], ids=str)
def test_bulk_rejects_chains_that_form_a_cycle_or_deep_tree(
    ann: Client, levels: tuple[int, int]
) -> None:
    one, other = [make_chain(ann, height) for height in levels]
    update = [{"id": one[0], "parent_id": other[-1]}]
    cycle = [*update, {"id": other[0], "parent_id": one[-1]}]

    responses = [ann.post("tasks/bulk", {"update": moves}) for moves in (update, cycle)]

    assert [response.status_code for response in responses] == [422, 422]
    tops = [t for t in ann.get("tasks?limit=100").json["items"] if not t["parent_id"]]
    assert {task["id"] for task in tops} == {one[0], other[0]}


def test_bulk_rejects_an_eleventh_level(ann: Client) -> None:
    *_, lowest = make_chain(ann, 9)

    response = ann.post("tasks/bulk", {"create": [VALID, chain(2, parent_id=lowest)]})

    (error,) = assert_problem(response, 422, "parent-too-deep")["errors"]
    assert error["pointer"] == "#/create/1/parent_id"
    assert rows(ann, Task) == 9


@pytest.mark.parametrize("place", ["update", "delete", "create"])
def test_bulk_does_not_find_tasks_of_other_users(
    ann: Client, bob: Client, place: str
) -> None:
    hers, deleted = ann.create_task(), bob.create_task()
    bob.delete(f"tasks/{deleted['id']}")

    def problem_of(task_id: int) -> dict[str, Any]:
        item = {"create": VALID | {"parent_id": task_id}, "update": {"id": task_id}}
        response = bob.post("tasks/bulk", {place: [item.get(place, task_id)]})
        problem = assert_problem(response, 422, "validation-error")
        return problem | {"request_id": None}

    problems = [problem_of(i) for i in (hers["id"], deleted["id"], ABSENT)]
    assert problems[0] == problems[1] == problems[2]
    assert ann.get("tasks").json["items"] == [hers]


@pytest.mark.one_database
@pytest.mark.parametrize("value", ["", "1", "yes", "TRUE"])
def test_dry_run_accepts_only_booleans(ann: Client, unchanged: Any, value: str) -> None:
    response = ann.post(f"tasks/bulk?dry_run={value}", {"create": [VALID]})

    assert field_errors(response) == {"dry_run": "type"}


def test_dry_run_reports_the_errors_of_the_bulk(ann: Client, unchanged: Any) -> None:
    request = {"create": [VALID | {"external_id": "mine"}]}

    dry_run = ann.post("tasks/bulk?dry_run=true", request)
    done = ann.post("tasks/bulk", request)

    problems = [
        assert_problem(response, 409, "already-exists") for response in (dry_run, done)
    ]
    assert problems[0] | {"request_id": None} == problems[1] | {"request_id": None}
    assert problems[0]["errors"][0]["pointer"] == "#/create/0/external_id"


def test_bulk_requires_versions_if_configured(strict_ann: Client) -> None:
    task = strict_ann.create_task()["id"]
    changes = {"update": [{"id": task, "title": "Tea"}], "delete": [task + 1]}

    problem = assert_problem(strict_ann.post("tasks/bulk", changes), 428, PRECONDITION)

    places = [error["pointer"] for error in problem["errors"]]
    assert places == ["#/update/0", "#/delete/0"]
    assert strict_ann.get(f"tasks/{task}").json["version"] == 1


def test_bulk_accepts_versions_where_they_are_required(
    strict_ann: Client,
) -> None:
    task = strict_ann.create_task()["id"]
    changes = {"update": [{"id": task, "if_version": 1, "title": "Tea"}]}

    response = strict_ann.post("tasks/bulk", changes)

    assert response.json["updated"][0]["version"] == 2


def test_bulk_rejects_a_parent_that_it_deletes(ann: Client) -> None:
    task = ann.create_task()["id"]
    changes = {"create": [{"title": "Tea", "parent_id": task}], "delete": [task]}

    response = ann.post("tasks/bulk", changes)

    assert field_errors(response) == {"#/create/0/parent_id": "not-found"}
    assert ann.get(f"tasks/{task}").status_code == 200


@pytest.mark.parametrize("freed", ["update", "delete"])
def test_bulk_reuses_an_external_id_that_it_frees(ann: Client, freed: str) -> None:
    task = ann.create_task(external_id="mine")["id"]
    changes = {"update": [{"id": task, "external_id": None}], "delete": [task]}

    response = ann.post(
        "tasks/bulk",
        {"create": [VALID | {"external_id": "mine"}], freed: changes[freed]},
    )

    assert response.json["created"][0]["external_id"] == "mine"
