"""Filters of the task list, alone and combined."""

from urllib.parse import quote

import pytest

from tests.helpers.client import Client, field_errors
from tests.tasks.support import at, titles

TASKS = [
    ("a", "todo", "low", "2036-01-10T12:00:00Z"),
    ("b", "in_progress", "medium", "2036-02-10"),
    ("c", "completed", "high", None),
    ("d", "cancelled", "urgent", "2036-03-10T12:00:00.000001Z"),
    ("e", "todo", "urgent", "2020-01-01"),
]
EXPECTED = {
    "": "abcde",
    "status=todo": "ae",
    "status=in_progress": "b",
    "status=completed": "c",
    "status=todo,completed": "ace",
    "status=todo,todo": "ae",
    "priority=low": "a",
    "priority=high": "c",
    "priority=urgent": "de",
    "priority=urgent,low": "ade",
    "overdue=true": "e",
    "overdue=false": "abcd",
    "due_before=2036-01-10T12:00:00Z": "e",
    "due_before=2036-01-10T12:00:00.000001Z": "ae",
    "due_after=2036-01-10T12:00:00Z": "abd",
    "due_after=2036-02-10T00:00:00Z": "bd",
    "due_after=2036-01-10T14:00:00+02:00": "abd",
    "due_before=2036-01-10T14:00:00+02:00": "e",
    "due_before=2036-03-10T12:00:00.000001Z": "abe",
    "due_after=2036-03-10T12:00:00.000001Z": "d",
    "due_after=2036-01-10T12:00:00Z&due_before=2036-03-10T12:00:00Z": "ab",
    "due_after=2036-03-01T00:00:00Z&due_before=2036-02-01T00:00:00Z": "",
    "status=todo,cancelled&priority=urgent,low&due_after=2030-01-01T00:00:00Z": "ad",
    "status=completed&overdue=true": "",
    "completed_after=1970-01-01T00:00:00Z": "c",
    "completed_before=9998-12-31T00:00:00Z": "c",
    "created_before=9998-12-31T00:00:00Z&updated_after=1970-01-01T00:00:00Z": "abcde",
}


@pytest.fixture
def five(ann: Client) -> Client:
    """Return a client with five tasks that differ in all filtered fields."""
    for title, status, priority, due_date in TASKS:
        ann.create_task(
            title=title, status=status, priority=priority, due_date=due_date
        )
    return ann


@pytest.mark.parametrize(
    ("query", "expected"), EXPECTED.items(), ids=lambda text: text or "-"
)
def test_filter_returns_matching_tasks(five: Client, query: str, expected: str) -> None:
    address = quote(query, safe="=&,")

    listed = five.get(f"tasks?{address}&sort=title&include_total=true")

    assert titles(listed) == list(expected)
    assert listed.json["total"] == len(expected)
    assert listed.json["next_cursor"] is None


@pytest.fixture
def history(ann: Client) -> Client:
    """Return a client with two tasks whose changes are an hour apart."""
    paths = []
    for hour, title in [("10", "old"), ("11", "new")]:
        with at(f"2040-06-15T{hour}:00:00+00:00", ann):
            paths.append(f"tasks/{ann.create_task(title=title)['id']}")
    for hour, path in zip(("13", "14"), paths, strict=True):
        with at(f"2040-06-15T{hour}:00:00+00:00", ann):
            ann.patch(path, {"status": "completed"})
    for hour, path in zip(("16", "17"), paths, strict=True):
        with at(f"2040-06-15T{hour}:00:00+00:00", ann):
            ann.patch(path, {"priority": "low"})
    return ann.log_in()


@pytest.mark.parametrize(
    ("name", "hour"), [("created", 11), ("completed", 14), ("updated", 17)]
)
def test_before_is_exclusive_and_after_is_inclusive(
    history: Client, name: str, hour: int
) -> None:
    timestamp = f"2040-06-15T{hour}:00:00Z"

    before = history.get(f"tasks?sort=title&{name}_before={timestamp}")
    after = history.get(f"tasks?sort=title&{name}_after={timestamp}")

    assert titles(before) == ["old"]
    assert titles(after) == ["new"]


@pytest.mark.parametrize(
    ("name", "hour"), [("created", 11), ("completed", 14), ("updated", 17)]
)
def test_timestamp_filters_have_microsecond_precision(
    history: Client, name: str, hour: int
) -> None:
    timestamp = f"2040-06-15T{hour}:00:00.000001Z"

    before = history.get(f"tasks?sort=title&{name}_before={timestamp}")
    after = history.get(f"tasks?sort=title&{name}_after={timestamp}")

    assert titles(before) == ["new", "old"]
    assert titles(after) == []


def test_ids_filter_returns_tasks_in_sort_order(ann: Client) -> None:
    a, b, c = (ann.create_task(title=title)["id"] for title in "abc")

    listed = ann.get(f"tasks?ids={c},{a},{a}&sort=title")

    assert titles(listed) == ["a", "c"]
    assert b not in [task["id"] for task in listed.json["items"]]


def test_ids_filter_ignores_missing_and_foreign_tasks(ann: Client, bob: Client) -> None:
    hers, his = ann.create_task(title="hers")["id"], bob.create_task()["id"]

    listed = ann.get(f"tasks?ids={his},{hers},{2**63 - 1}&include_total=true")

    assert titles(listed) == ["hers"]
    assert listed.json["total"] == 1


def test_ids_filter_accepts_up_to_a_hundred_ids(ann: Client) -> None:
    hundred = ",".join(str(number) for number in range(1, 101))

    accepted = ann.get(f"tasks?ids={hundred}")
    response = ann.get(f"tasks?ids={hundred},101")

    assert accepted.status_code == 200
    assert field_errors(response) == {"ids": "length"}


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("status=done", "choice"),
        ("status=TODO", "choice"),
        ("status=todo,done", "choice"),
        ("status=todo,", "choice"),
        ("status=todo, completed", "choice"),
        ("status=todo%00", "choice"),
        ("priority=1", "choice"),
        ("overdue=1", "type"),
        ("overdue=TRUE", "type"),
        ("overdue=yes", "type"),
        ("ids=a", "type"),
        ("ids=1,", "type"),
        ("ids=1.0", "type"),
        ("ids=%2B1", "type"),
        ("ids=%D9%A3", "type"),
        ("ids=1 ", "type"),
        ("ids=0", "range"),
        ("ids=-1", "range"),
        ("ids=9223372036854775808", "range"),
        ("sort=id", "choice"),
        ("sort=--title", "choice"),
        ("sort=title,when", "choice"),
        ("sort=TITLE", "choice"),
    ],
)
def test_invalid_filter_value_is_rejected(ann: Client, query: str, code: str) -> None:
    response = ann.get(f"tasks?{query}")

    assert field_errors(response) == {query.partition("=")[0]: code}


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "title"])
def test_repeated_status_lists_each_task_once(ann: Client, sort: str) -> None:
    ann.create_task(title="a")

    page = ann.get(f"tasks?status=todo,todo&sort={sort}&include_total=true")

    assert titles(page) == ["a"]
    assert page.json["total"] == 1
