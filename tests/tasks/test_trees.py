"""Subtasks: creation with their parent, progress, and the expanded tree."""

from typing import Any

import pytest

from taskapi.tasks.models import Task
from tests.helpers.client import Client, assert_problem, field_errors
from tests.tasks.support import titles
from tests.tasks.trees import chain, ids_below, make_chain, rows, titles_below, tree

ABSENT = 2**62
TOO_DEEP = "parent-too-deep"


def test_create_with_subtasks_creates_the_tree(ann: Client) -> None:
    soup = {"title": "Cook", "tags": ["home"], "subtasks": [{"title": "Eat"}]}

    created = ann.post("tasks", {"title": "Shop", "subtasks": [soup, {"title": "Pay"}]})

    assert created.status_code == 201
    assert titles_below(created.json) == ["Shop", ["Cook", ["Eat"]], ["Pay"]]
    assert created.json["subtasks"][0]["tags"] == ["home"]
    assert created.headers["Location"] == f"/api/v1/tasks/{created.json['id']}"
    assert tree(ann, created.json["id"]) == created.json


def test_subtasks_have_the_parent_id(ann: Client) -> None:
    top, middle, bottom = make_chain(ann, 3)

    parents = [ann.get(f"tasks/{i}").json["parent_id"] for i in (top, middle, bottom)]

    assert parents == [None, top, middle]


def test_create_with_parent_id_adds_a_subtask(ann: Client) -> None:
    shop = ann.create_task(title="Shop")

    created = ann.create_task(title="Pay", parent_id=shop["id"])

    assert created["parent_id"] == shop["id"]
    assert titles_below(tree(ann, shop["id"])) == ["Shop", ["Pay"]]
    assert ann.get(f"tasks/{shop['id']}").json == shop | {"subtask_count": 1}


def test_subtasks_keep_their_order(ann: Client) -> None:
    names = [f"Step {number}" for number in range(30)]

    created = ann.create_task(subtasks=[{"title": name} for name in names])

    shown = tree(ann, created["id"])["subtasks"]
    assert [task["title"] for task in shown] == names
    assert [task["title"] for task in created["subtasks"]] == names


def test_response_without_expand_has_no_tree(ann: Client) -> None:
    created = ann.create_task(subtasks=[{"title": "Pay"}])

    without_tree = ann.get(f"tasks/{created['id']}").json
    listed = ann.get("tasks").json["items"]

    assert not [task for task in [without_tree, *listed] if "subtasks" in task]


def test_tree_has_no_etag(ann: Client, task: dict[str, Any]) -> None:
    path, guard = f"tasks/{task['id']}?expand=subtasks", {"If-None-Match": '"1"'}

    shown = ann.get(path, headers=guard)

    assert (shown.status_code, shown.json) == (200, task | {"subtasks": []})
    assert "ETag" not in shown.headers


@pytest.mark.one_database
@pytest.mark.parametrize("value", ["", "tags", "Subtasks", "subtasks,subtasks"])
def test_expand_accepts_only_subtasks(
    ann: Client, task: dict[str, Any], value: str
) -> None:
    response = ann.get(f"tasks/{task['id']}?expand={value}")

    assert field_errors(response) == {"expand": "choice"}


@pytest.mark.parametrize(
    ("own", "below", "progress", "count"),
    [
        ("todo", [], 0.0, 0),
        ("completed", [], 1.0, 0),
        ("completed", ["todo"], 0.0, 1),
        ("todo", ["completed"], 1.0, 1),
        ("todo", ["completed", "todo", "cancelled", "in_progress"], 0.25, 4),
    ],
    ids=["open", "done", "done above open", "open above done", "a quarter"],
)
def test_progress_is_the_share_of_completed_subtasks(
    ann: Client, own: str, below: list[str], progress: float, count: int
) -> None:
    subtasks = [{"title": "Step", "status": status} for status in below]

    created = ann.create_task(status=own, subtasks=subtasks)

    shown = ann.get(f"tasks/{created['id']}").json
    assert (shown["progress"], shown["subtask_count"]) == (progress, count)
    assert (created["progress"], created["subtask_count"]) == (progress, count)


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "one"}], ids=["", "key"])
def test_change_returns_progress_and_tags(ann: Client, headers: dict[str, str]) -> None:
    below = [{"title": "Cook", "status": "completed"}, {"title": "Eat"}]
    created = ann.create_task(tags=["home"], subtasks=below)

    changed = ann.patch(f"tasks/{created['id']}", {"title": "Dinner"}, headers=headers)

    shown = changed.json
    assert (shown["progress"], shown["subtask_count"]) == (0.5, 2)
    assert shown["tags"] == ["home"]
    assert ann.get(f"tasks/{created['id']}").json == shown


def test_progress_counts_only_direct_subtasks(ann: Client) -> None:
    done = {"title": "Eat", "status": "completed"}

    created = ann.create_task(subtasks=[{"title": "Cook", "subtasks": [done, done]}])

    assert (created["progress"], created["subtask_count"]) == (0.0, 1)
    assert created["subtasks"][0]["progress"] == 1.0


def test_progress_ignores_deleted_subtasks(ann: Client) -> None:
    done = {"title": "Eat", "status": "completed"}
    created = ann.create_task(title="Shop", subtasks=[done, {"title": "Pay"}])

    ann.delete(f"tasks/{created['subtasks'][1]['id']}")

    shown = ann.get(f"tasks/{created['id']}").json
    assert (shown["progress"], shown["subtask_count"]) == (1.0, 1)
    assert titles_below(tree(ann, created["id"])) == ["Shop", ["Eat"]]
    assert titles(ann.get(f"tasks?parent_id={created['id']}")) == ["Eat"]


def test_create_accepts_ten_levels(ann: Client) -> None:
    *_, ninth, _tenth = make_chain(ann, 10)

    created = ann.create_task(title="Next to the tenth", parent_id=ninth)

    assert created["parent_id"] == ninth


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("tasks", chain(11), "#/subtasks"),
        ("tasks/bulk", {"create": [chain(1), chain(11)]}, "#/create/1/subtasks"),
    ],
    ids=["nested", "bulk"],
)
def test_create_rejects_eleven_levels(
    ann: Client, path: str, body: dict[str, Any], pointer: str
) -> None:
    response = ann.post(path, body)

    (error,) = assert_problem(response, 422, TOO_DEEP)["errors"]
    assert (error["pointer"], error["code"]) == (pointer, TOO_DEEP)
    assert rows(ann, Task) == 0


@pytest.mark.parametrize(("above", "below"), [(10, 1), (9, 2), (1, 10)])
def test_create_rejects_a_parent_on_the_tenth_level(
    ann: Client, above: int, below: int
) -> None:
    *_, lowest = make_chain(ann, above)

    response = ann.post("tasks", chain(below, parent_id=lowest))

    (error,) = assert_problem(response, 422, TOO_DEEP)["errors"]
    assert error["pointer"] == "#/parent_id"
    assert rows(ann, Task) == above


def test_create_accepts_a_hundred_subtasks(ann: Client) -> None:
    half = [{"title": "Step"}] * 50

    flat = ann.create_task(subtasks=half * 2)
    deep = ann.create_task(subtasks=[{"title": "Half", "subtasks": half}, *half[1:]])

    assert (len(ids_below(flat)), len(ids_below(deep))) == (101, 101)


@pytest.mark.one_database
@pytest.mark.parametrize(
    "subtasks",
    [
        [{"title": "Step"}] * 101,
        [{"title": "Step", "subtasks": [{"title": "Deeper"}] * 100}],
    ],
    ids=["on one level", "on two levels"],
)
def test_create_rejects_more_than_a_hundred_subtasks(
    ann: Client, subtasks: list[dict[str, Any]]
) -> None:
    response = ann.post("tasks", {"title": "Shop", "subtasks": subtasks})

    assert field_errors(response) == {"#/subtasks": "length"}
    assert rows(ann, Task) == 0


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("subtask", "place", "code"),
    [
        ({}, "/title", "required"),
        ({"title": " "}, "/title", "length"),
        ({"title": "Pay", "status": "done"}, "/status", "choice"),
        ({"title": "Pay", "parent_id": 1}, "/parent_id", "unknown"),
        ({"title": "Pay", "id": 1}, "/id", "read-only"),
        ({"title": "Pay", "subtasks": None}, "/subtasks", "null"),
        ({"title": "Pay", "tags": ["a,b"]}, "/tags/0", "format"),
        ("Pay", "", "type"),
    ],
)
def test_error_of_a_subtask_has_a_pointer(
    ann: Client, subtask: Any, place: str, code: str
) -> None:
    branch = {"title": "Cook", "subtasks": [{"title": "Eat"}, subtask]}

    response = ann.post("tasks", {"title": "Shop", "subtasks": [branch]})

    assert field_errors(response) == {f"#/subtasks/0/subtasks/1{place}": code}
    assert rows(ann, Task) == 0


def test_update_rejects_subtasks(ann: Client, task: dict[str, Any]) -> None:
    response = ann.patch(f"tasks/{task['id']}", {"subtasks": [{"title": "Pay"}]})

    assert field_errors(response) == {"#/subtasks": "unknown"}


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
def test_parent_of_another_user_is_not_found(
    ann: Client, bob: Client, method: str
) -> None:
    hers, deleted, his = (
        ann.create_task(),
        bob.create_task(),
        bob.create_task(title="His"),
    )
    bob.delete(f"tasks/{deleted['id']}")
    path = "tasks" if method == "POST" else f"tasks/{his['id']}"

    responses = [
        bob.call(method, path, json={"title": "Pay", "parent_id": parent})
        for parent in (hers["id"], deleted["id"], ABSENT)
    ]

    assert [field_errors(a) for a in responses] == [{"#/parent_id": "not-found"}] * 3
    assert len({a.json["errors"][0]["message"] for a in responses}) == 1
    assert bob.get("tasks").json["items"] == [his]
    assert ann.get(f"tasks/{hers['id']}").json == hers


@pytest.mark.parametrize("parent", [0, -1, 2**63, "1", 1.0, True, [1], {"id": 1}])
def test_parent_id_is_a_64_bit_integer(ann: Client, parent: Any) -> None:
    response = ann.post("tasks", {"title": "Pay", "parent_id": parent})

    assert set(field_errors(response)) == {"#/parent_id"}


def test_expanding_too_large_a_tree_is_rejected(ann: Client) -> None:
    root = ann.create_task()["id"]
    branch = {"title": "Sow", "subtasks": [{"title": "Dig"}] * 99}
    [ann.create_task(**branch, parent_id=root) for _ in range(10)]

    response = ann.get(f"tasks/{root}?expand=subtasks")

    assert field_errors(response) == {"expand": "range"}
    assert ann.get(f"tasks/{root}").json["subtask_count"] == 10
