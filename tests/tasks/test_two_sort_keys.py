"""Lists sorted by two keys, or by a key that many tasks have no value of."""

from itertools import permutations
from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem, field_errors
from tests.tasks.support import at, read_all, titles

NAMES = ["created_at", "updated_at", "completed_at", "due_date", "priority", "title"]
SIGNS = [("", ""), ("-", ""), ("", "-"), ("-", "-")]
PRIORITIES = ["low", "medium", "high", "urgent"]
DUE = [None, "2036-02-10", "2036-02-10T00:00:00Z", "2036-02-09T23:00:00Z"]


@pytest.fixture
def tasks(ann: Client) -> list[dict[str, Any]]:
    """Return tasks that share most values, so that the second key and the id count."""
    for hour in range(3):
        create = [
            {
                "title": f"t{number % 3}",
                "priority": PRIORITIES[number % 4],
                "due_date": DUE[(number + hour) % 4],
                "status": "completed" if (number + hour) % 3 else "todo",
            }
            for number in range(6)
        ]
        with at(f"2030-01-01T0{hour}:00:00+00:00", ann):
            response = ann.post("tasks/bulk", {"create": create})
            assert response.status_code == 200, response.text
    ann.renew_session()
    made: list[dict[str, Any]] = ann.get("tasks?limit=100").json["items"]
    return made


def expected(tasks: list[dict[str, Any]], sort: str) -> list[int]:
    """Return the ids in the order of a sort."""
    keys = sort.split(",")
    found = sorted(tasks, key=lambda t: t["id"], reverse=keys[-1].startswith("-"))
    for key in reversed(keys):
        name = key.removeprefix("-")
        valued = [t for t in found if t[name] is not None]
        empty = [t for t in found if t[name] is None]
        valued.sort(key=lambda t: value(t, name), reverse=key.startswith("-"))
        found = valued + empty
    return [task["id"] for task in found]


def value(task: dict[str, Any], name: str) -> Any:
    if name == "priority":
        return PRIORITIES.index(task[name])
    if name == "due_date" and "T" not in task[name]:
        return f"{task[name]}T00:00:00Z"
    return task[name]


@pytest.mark.parametrize(
    ("first", "step"),
    [(0, 2), *(pytest.param(n, 1, marks=pytest.mark.slow) for n in range(4))],
)
def test_pairs_of_sort_keys_return_the_order(
    ann: Client, tasks: list[dict[str, Any]], first: int, step: int
) -> None:
    """Each pair has one of four directions; `make test-all` tries them all."""
    for number, pair in enumerate(list(permutations(NAMES, 2))[::step], first):
        signs = SIGNS[number % 4]
        sort = ",".join(sign + name for sign, name in zip(signs, pair, strict=True))

        listed = read_all(ann, f"sort={sort}&limit=10")

        assert [task["id"] for task in listed] == expected(tasks, sort), sort


@pytest.mark.parametrize("sort", ["completed_at", "-completed_at"])
@pytest.mark.parametrize("limit", [1, 5, 100])
def test_tasks_that_are_not_completed_come_last(
    ann: Client, tasks: list[dict[str, Any]], sort: str, limit: int
) -> None:
    listed = read_all(ann, f"sort={sort}&limit={limit}")

    assert [task["id"] for task in listed] == expected(tasks, sort)
    assert listed[-1]["completed_at"] is None


@pytest.mark.parametrize("sort", ["priority,-due_date", "-due_date,completed_at"])
@pytest.mark.parametrize("way", ["offset=5", "page=2", "q=t&offset=5"])
def test_two_sort_keys_work_with_numbered_pages_and_search(
    ann: Client, tasks: list[dict[str, Any]], sort: str, way: str
) -> None:
    page = ann.get(f"tasks?sort={sort}&limit=5&{way}")

    ids = [task["id"] for task in page.json["items"]]
    assert ids == expected(tasks, sort)[5:10]


def test_two_sort_keys_work_with_filters(
    ann: Client, tasks: list[dict[str, Any]]
) -> None:
    chosen = [task for task in tasks if task["priority"] in {"low", "high"}]
    sort = "priority,-due_date"

    listed = read_all(ann, f"sort={sort}&limit=2&priority=low,high")

    assert [task["id"] for task in listed] == expected(chosen, sort)


def test_second_key_of_the_same_name_has_no_effect(
    ann: Client, tasks: list[dict[str, Any]]
) -> None:
    once, twice = (
        ann.get(f"tasks?limit=100&sort={sort}") for sort in ("title", "title,-title")
    )

    assert titles(once) == titles(twice)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("sort", "code"),
    [
        ("priority,due_date,title", "length"),
        ("priority,", "choice"),
        (",priority", "choice"),
        ("priority, due_date", "choice"),
        ("priority,+due_date", "choice"),
        ("--priority", "choice"),
        ("id", "choice"),
        ("priority,status", "choice"),
        ("", "choice"),
    ],
)
def test_sort_rejects_invalid_pairs_of_keys(ann: Client, sort: str, code: str) -> None:
    rejected = ann.get("tasks", query_string={"sort": sort})

    assert field_errors(rejected) == {"sort": code}


def test_cursor_of_another_pair_of_keys_is_rejected(
    ann: Client, tasks: list[dict[str, Any]]
) -> None:
    page = ann.get("tasks?sort=priority,-due_date&limit=1").json

    rejected = ann.get(f"tasks?sort=priority,due_date&cursor={page['next_cursor']}")

    assert_problem(rejected, 422, "invalid-cursor")
