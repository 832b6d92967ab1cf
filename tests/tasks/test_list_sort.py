"""Sort orders of the task list; ties are broken by the id."""

import pytest
from flask import Flask
from sqlalchemy import text

from taskapi import db
from tests.helpers.client import Client
from tests.tasks.support import at, titles

MIXED = [
    "apple",
    "Apple",
    "ZEBRA",
    "zebra",
    "\u00c9clair",
    "\u00e9clair",
    "eclair",
    "e\u0301clair",
    "\u00e4pfel",
    "10 pears",
    "9 pears",
    "_under",
    "a b",
    "a-b",
    "ab",
    "\N{LATIN SMALL LIGATURE FI}g",
    "\N{GRINNING FACE}",
    "\N{CYRILLIC CAPITAL LETTER BE}",
]
PRIORITIES = ["low", "medium", "high", "urgent"]
DATES = [
    "2036-01-10T12:00:00Z",
    "2036-02-10",
    "2036-02-10T00:00:00.000001Z",
    "2036-03-10T12:00:00Z",
]


def shuffled(values: list[str]) -> list[str]:
    """Return the values in an order that is not sorted in either direction."""
    return values[1::2] + values[::2]


@pytest.mark.parametrize(
    ("sort", "expected"), [("title", sorted(MIXED)), ("-title", sorted(MIXED)[::-1])]
)
def test_title_sort_uses_code_points(
    ann: Client, sort: str, expected: list[str]
) -> None:
    [ann.create_task(title=title) for title in MIXED]

    listed = ann.get(f"tasks?sort={sort}")

    assert titles(listed) == expected


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_title_sort_does_not_depend_on_the_server_locale(app: Flask) -> None:
    collation = text(
        "SELECT collation_name FROM information_schema.columns "
        "WHERE table_name = 'tasks' AND column_name = 'title'"
    )

    with app.app_context():
        found = db.read(collation)

    assert [tuple(row) for row in found] == [("C",)]


@pytest.mark.parametrize(
    ("sort", "expected"), [("priority", PRIORITIES), ("-priority", PRIORITIES[::-1])]
)
def test_priority_sort_uses_the_rank(
    ann: Client, sort: str, expected: list[str]
) -> None:
    [ann.create_task(title=name, priority=name) for name in shuffled(PRIORITIES)]

    listed = ann.get(f"tasks?sort={sort}")

    assert titles(listed) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("due_date", [*DATES, "none", "none either"]),
        ("-due_date", [*DATES[::-1], "none either", "none"]),
    ],
)
def test_tasks_without_due_date_come_last(
    ann: Client, sort: str, expected: list[str]
) -> None:
    ann.create_task(title="none")
    [ann.create_task(title=date, due_date=date) for date in shuffled(DATES)]
    ann.create_task(title="none either")

    listed = ann.get(f"tasks?sort={sort}")

    assert titles(listed) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("created_at", ["first", "second", "third"]),
        ("-created_at", ["third", "second", "first"]),
        ("updated_at", ["second", "third", "first"]),
        ("-updated_at", ["first", "third", "second"]),
    ],
)
def test_timestamp_sorts_use_creation_or_last_change(
    ann: Client, sort: str, expected: list[str]
) -> None:
    first, *_ = [ann.create_task(title=name) for name in ("first", "second", "third")]
    ann.patch(f"tasks/{first['id']}", {"description": "Changed"})

    listed = ann.get(f"tasks?sort={sort}")

    assert titles(listed) == expected


def test_default_sort_is_newest_first(ann: Client) -> None:
    [ann.create_task(title=title) for title in "abc"]

    listed = ann.get("tasks")

    assert titles(listed) == ["c", "b", "a"]


@pytest.mark.parametrize(
    "sort", ["created_at", "updated_at", "due_date", "priority", "title"]
)
@pytest.mark.parametrize(
    "due_date", [None, "2036-02-10"], ids=["without dates", "with dates"]
)
def test_id_breaks_ties_in_the_direction_of_the_sort(
    ann: Client, sort: str, due_date: str | None
) -> None:
    with at("2040-06-15T12:00:00+00:00", ann):
        ids = [ann.create_task(due_date=due_date)["id"] for _ in range(4)]
        up = ann.get(f"tasks?sort={sort}").json["items"]
        down = ann.get(f"tasks?sort=-{sort}").json["items"]

    assert [task["id"] for task in up] == ids
    assert [task["id"] for task in down] == ids[::-1]
