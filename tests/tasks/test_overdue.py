"""Overdue tasks: open, and due before now or before today in the owner's time zone."""

import pytest

from tests.helpers.client import Client
from tests.tasks.support import at, titles

DAY = "2040-06-15"
NOON = "2040-06-15T12:00:00Z"
OPEN = ["todo", "in_progress"]
CLOSED = ["completed", "cancelled"]


def overdue_at(timestamp: str, ann: Client, due_date: str, status: str) -> bool:
    """Create a task, read it at a timestamp, and return whether it is overdue."""
    task = ann.create_task(due_date=due_date, status=status)
    with at(timestamp, ann):
        response = ann.get(f"tasks/{task['id']}")
    shown: bool = response.json["is_overdue"]
    return shown


@pytest.mark.parametrize("status", OPEN)
@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        ("2040-06-15T11:59:59.999999+00:00", False),
        ("2040-06-15T12:00:00+00:00", False),
        ("2040-06-15T12:00:00.000001+00:00", True),
        ("2050-01-01T00:00:00+00:00", True),
    ],
    ids=["before", "at the timestamp", "after", "long after"],
)
def test_task_is_overdue_from_its_due_timestamp(
    ann: Client, status: str, timestamp: str, *, expected: bool
) -> None:
    shown = overdue_at(timestamp, ann, NOON, status)

    assert shown is expected


@pytest.mark.parametrize("status", OPEN)
@pytest.mark.parametrize(
    ("timezone", "timestamp", "expected"),
    [
        ("UTC", "2040-06-15T23:59:59.999999+00:00", False),
        ("UTC", "2040-06-16T00:00:00+00:00", True),
        ("Pacific/Kiritimati", "2040-06-15T09:59:59.999999+00:00", False),
        ("Pacific/Kiritimati", "2040-06-15T10:00:00+00:00", True),
        ("Pacific/Pago_Pago", "2040-06-16T10:59:59.999999+00:00", False),
        ("Pacific/Pago_Pago", "2040-06-16T11:00:00+00:00", True),
    ],
    ids=["UTC", "UTC ended", "east", "east ended", "west", "west ended"],
)
def test_due_day_ends_in_the_time_zone_of_the_owner(
    ann: Client, status: str, timezone: str, timestamp: str, *, expected: bool
) -> None:
    ann.patch("users/me", {"timezone": timezone})

    shown = overdue_at(timestamp, ann, DAY, status)

    assert shown is expected


def test_due_timestamp_does_not_depend_on_the_time_zone(ann: Client) -> None:
    ann.patch("users/me", {"timezone": "Pacific/Kiritimati"})

    shown = overdue_at("2040-06-15T11:00:00+00:00", ann, NOON, "todo")

    assert shown is False


@pytest.mark.parametrize("status", CLOSED)
@pytest.mark.parametrize("due_date", [DAY, NOON], ids=["day", "timestamp"])
def test_closed_task_is_not_overdue(ann: Client, status: str, due_date: str) -> None:
    shown = overdue_at("2050-01-01T00:00:00+00:00", ann, due_date, status)

    assert shown is False


def test_task_without_due_date_is_not_overdue(ann: Client) -> None:
    task = ann.create_task(due_date=None)

    assert task["is_overdue"] is False


@pytest.mark.parametrize("due_date", ["2020-01-01", "2020-01-01T00:00:00Z"])
def test_new_task_can_be_overdue(ann: Client, due_date: str) -> None:
    task = ann.create_task(due_date=due_date)

    assert task["is_overdue"] is True


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"status": "completed"}, False),
        ({"status": "in_progress"}, True),
        ({"due_date": None}, False),
        ({"due_date": "2036-12-24"}, False),
        ({"title": "Tea"}, True),
    ],
    ids=["completed", "begun", "no date", "postponed", "renamed"],
)
def test_change_returns_the_current_is_overdue(
    ann: Client, change: dict[str, str | None], *, expected: bool
) -> None:
    task = ann.create_task(due_date="2020-01-01")

    changed = ann.patch(f"tasks/{task['id']}", change)

    assert changed.json["is_overdue"] is expected


@pytest.fixture
def every_kind(ann: Client) -> Client:
    """Return a client with tasks of every status and every kind of due date."""
    dates = [None, DAY, NOON, "2040-06-14", "2040-06-15T12:00:01Z"]
    for status in OPEN + CLOSED:
        for due_date in dates:
            ann.create_task(
                title=f"{status} {due_date}", status=status, due_date=due_date
            )
    return ann


@pytest.mark.parametrize(
    ("timezone", "expected"),
    [
        ("Pacific/Kiritimati", ["2040-06-14", DAY, NOON]),
        ("Pacific/Pago_Pago", ["2040-06-14", NOON]),
    ],
    ids=["east", "west"],
)
def test_overdue_filter_agrees_with_is_overdue(
    every_kind: Client, timezone: str, expected: list[str]
) -> None:
    every_kind.patch("users/me", {"timezone": timezone})

    with at("2040-06-15T12:00:01+00:00", every_kind):
        whole = every_kind.get("tasks?limit=100").json["items"]
        late = every_kind.get("tasks?overdue=true&include_total=true")
        rest = every_kind.get("tasks?overdue=false&limit=100")

    assert titles(late) == [t["title"] for t in whole if t["is_overdue"]]
    assert titles(rest) == [t["title"] for t in whole if not t["is_overdue"]]
    assert {t["due_date"] for t in late.json["items"]} == set(expected)
    assert late.json["total"] == len(OPEN) * len(expected)
