"""Due dates without time: days in the time zone of the account."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from string import ascii_uppercase
from typing import Any
from zoneinfo import available_timezones

import pytest

from taskapi.clock import current_day, first_day_from, start_of_day
from tests.helpers.cli import run
from tests.helpers.client import Client
from tests.tasks.support import at, read_all, titles

LOS_ANGELES, APIA = "America/Los_Angeles", "Pacific/Apia"
TODAY = "due_after=2026-11-29&due_before=2026-11-30"
ZONES = [
    "UTC",
    LOS_ANGELES,
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kathmandu",
    "America/Sao_Paulo",  # no midnight on 4 November 2018
    "America/Havana",  # midnight twice on 1 November 2026
    APIA,  # no 30 December 2011
]
MICROSECOND = timedelta(microseconds=1)


def written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def californian(ann: Client) -> Client:
    """Return a client in Los Angeles with tasks around 29 November 2026 there."""
    assert ann.patch("users/me", {"timezone": LOS_ANGELES}).status_code == 200
    for title, due_date in {
        "last second": "2026-11-30T07:59:59Z",
        "yesterday": "2026-11-28",
        "today": "2026-11-29",
        "next midnight": "2026-11-30T08:00:00Z",
        "first second": "2026-11-29T08:00:00Z",
        "tomorrow": "2026-11-30",
        "before": "2026-11-29T07:59:59.999999Z",
        "none": None,
    }.items():
        ann.create_task(title=title, due_date=due_date)
    return ann


ORDER = [
    *["yesterday", "before", "today", "first second", "last second"],
    *["next midnight", "tomorrow", "none"],
]


def test_due_today_returns_tasks_of_the_local_day_only(californian: Client) -> None:
    page = californian.get(f"tasks?{TODAY}&sort=due_date&include_total=true")

    assert titles(page) == ["today", "first second", "last second"]
    assert page.json["total"] == 3


@pytest.mark.parametrize(
    "bounds",
    [
        "due_after=2026-11-29T08:00:00Z&due_before=2026-11-30T08:00:00Z",
        "due_after=2026-11-29T08:00:00Z&due_before=2026-11-30",
        "due_after=2026-11-29T00:00:00-08:00&due_before=2026-11-30",
    ],
)
def test_due_bound_of_a_day_equals_its_first_instant(
    californian: Client, bounds: str
) -> None:
    by_time = californian.get(f"tasks?{bounds}&sort=due_date")

    assert titles(by_time) == ["today", "first second", "last second"]


def test_due_bound_inside_a_day_excludes_that_day(californian: Client) -> None:
    later = californian.get("tasks?due_after=2026-11-29T08:00:00.000001Z")
    earlier = californian.get("tasks?due_before=2026-11-29T08:00:00.000001Z")

    assert "today" not in titles(later)
    assert "today" in titles(earlier)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_due_sort_mixes_days_and_timestamps(californian: Client, limit: int) -> None:
    rising = read_all(californian, f"sort=due_date&limit={limit}")
    falling = read_all(californian, f"sort=-due_date&limit={limit}")

    assert [task["title"] for task in rising] == ORDER
    assert [task["title"] for task in falling] == [*ORDER[-2::-1], "none"]


@pytest.mark.parametrize("way", ["offset={}", "page={}"])
def test_due_sort_pages_by_number(californian: Client, way: str) -> None:
    starts = range(8) if "offset" in way else range(1, 9)

    pages = [
        titles(californian.get(f"tasks?sort=due_date&limit=1&{way.format(n)}"))
        for n in starts
    ]

    assert [title for page in pages for title in page] == ORDER


def test_new_time_zone_applies_at_once_and_changes_no_version(
    californian: Client,
) -> None:
    californian.patch("users/me", {"timezone": "UTC"})

    listed = californian.get("tasks?sort=due_date")

    order = ["yesterday", "today", "before", "first second", "tomorrow"]
    assert titles(listed) == [*order, "last second", "next midnight", "none"]
    assert {task["version"] for task in listed.json["items"]} == {1}


def test_cursor_continues_after_a_change_of_the_time_zone(californian: Client) -> None:
    first = californian.get("tasks?sort=due_date&limit=3").json
    californian.patch("users/me", {"timezone": "UTC"})

    rest = californian.get(f"tasks?sort=due_date&cursor={first['next_cursor']}")

    assert titles(rest)[-1] == "none"


def test_due_bounds_combine_with_other_filters_and_sorts(californian: Client) -> None:
    by_title = californian.get(f"tasks?{TODAY}&sort=title&status=todo,completed")
    found = californian.get(f"tasks?{TODAY}&q=first&sort=-due_date")

    assert titles(by_title) == ["first second", "last second", "today"]
    assert titles(found) == ["first second"]


def test_due_none_returns_tasks_without_a_due_date(californian: Client) -> None:
    page = californian.get("tasks?due=none&include_total=true")

    assert (titles(page), page.json["total"]) == (["none"], 1)
    assert titles(californian.get(f"tasks?due=none&{TODAY}")) == []
    assert titles(californian.get("tasks?due=none&sort=due_date")) == ["none"]


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))]
)
def test_lists_agree_with_the_start_of_each_local_day(
    ann: Client, zone: str, seed: int
) -> None:
    """Compare filters, sort, `is_overdue` and statistics with a plain computation."""
    chance = random.Random(f"{zone} {seed}")  # noqa: S311 - the same cases each time
    ann.patch("users/me", {"timezone": zone})
    dues = [due_date(chance, zone) for _ in range(12)]
    create = [{"title": str(n), "due_date": due} for n, due in enumerate(dues)]
    assert ann.post("tasks/bulk", {"create": create}).status_code == 200
    starts = {str(n): begin(due, zone) for n, due in enumerate(dues)}
    order = sorted(starts, key=lambda title: (starts[title], int(title)))

    assert [t["title"] for t in read_all(ann, "sort=due_date&limit=5")] == order
    assert [t["title"] for t in read_all(ann, "sort=-due_date&limit=5")] == order[::-1]
    for bound in sorted(starts.values())[::3]:
        for edge in (bound - MICROSECOND, bound, bound + MICROSECOND):
            later = [title for title in order if starts[title] >= edge]
            query = f"sort=due_date&due_after={written(edge)}"
            assert titles(ann.get(f"tasks?{query}")) == later
            query = f"sort=due_date&due_before={written(edge)}"
            assert titles(ann.get(f"tasks?{query}")) == order[: -len(later) or None]


def due_date(chance: random.Random, zone: str) -> str:
    """Return a due date near a change of the clocks, half of them days."""
    near = [date(2026, 11, 1), date(2018, 11, 4), date(2011, 12, 30), date(2026, 3, 8)]
    day = chance.choice(near) + timedelta(days=chance.randint(-1, 1))
    if chance.random() < 0.5:
        return day.isoformat()
    hours = timedelta(hours=chance.choice([-1, 0, 0, 1, 12]))
    return written(start_of_day(day, zone) + hours)


def begin(due: str, zone: str) -> datetime:
    if "T" in due:
        return datetime.fromisoformat(due)
    return start_of_day(date.fromisoformat(due), zone)


@pytest.mark.parametrize(
    ("zone", "timestamp", "overdue"),
    [
        ("America/Sao_Paulo", "2018-11-04T02:59:59.999999+00:00", []),
        ("America/Sao_Paulo", "2018-11-04T03:00:00+00:00", ["2018-11-03"]),
        ("America/Havana", "2026-11-01T03:59:59.999999+00:00", []),
        ("America/Havana", "2026-11-01T04:00:00+00:00", ["2026-10-31"]),
        (APIA, "2011-12-30T09:59:59.999000+00:00", []),
        (APIA, "2011-12-30T10:00:00+00:00", ["2011-12-29", "2011-12-30"]),
    ],
)
def test_overdue_begins_with_the_next_local_day_everywhere(
    ann: Client, zone: str, timestamp: str, overdue: list[str]
) -> None:
    run(ann.app, "users", "promote", "ann@example.org")
    ann.log_in().patch("users/me", {"timezone": zone})
    near = datetime.fromisoformat(timestamp).date()
    for number in range(-2, 3) if overdue else range(3):
        day = (near + timedelta(days=number)).isoformat()
        if not overdue or day >= min(overdue):
            ann.create_task(title=day, due_date=day)

    with at(timestamp, ann):
        listed = ann.get("tasks?sort=due_date&limit=100").json["items"]
        late = titles(ann.get("tasks?overdue=true&sort=due_date"))
        counted = ann.get("tasks/stats").json["overdue"]
        of_all = ann.get("tasks/admin/stats").json["tasks"]["overdue"]

    assert [t["title"] for t in listed if t["is_overdue"]] == late == overdue
    assert counted == of_all == len(overdue)


def days() -> Iterator[date]:
    for year in (1970, 1994, 2011, 2018, 2026, 2037, 9998):
        for number in range(365):
            yield date(year, 1, 1) + timedelta(days=number)


def test_each_day_begins_after_the_one_before_it(zone: str) -> None:
    starts = [start_of_day(day, zone) for day in days()]

    assert all(one < other for one, other in pairwise(starts))


@pytest.mark.slow
@pytest.mark.parametrize("first", ascii_uppercase)
def test_each_day_of_all_time_zones_begins_after_the_one_before_it(first: str) -> None:
    for zone in sorted(available_timezones()):
        if zone.startswith(first):
            test_each_day_begins_after_the_one_before_it(zone)


@pytest.mark.parametrize(
    "day", [date(1970, 1, 1), date(2011, 12, 30), date(9998, 12, 31)]
)
def test_day_is_current_from_its_start(zone: str, day: date) -> None:
    start = start_of_day(day, zone)

    assert current_day(start, zone).date() == day
    assert current_day(start - MICROSECOND, zone).date() == day - timedelta(days=1)
    assert first_day_from(start, zone) == day
    assert first_day_from(start + MICROSECOND, zone) == day + timedelta(days=1)


@pytest.mark.parametrize("due", ["1970-01-01", "9998-12-31"])
def test_first_and_last_day_are_sorted_in_every_time_zone(
    ann: Client, zone: str, due: str
) -> None:
    ann.patch("users/me", {"timezone": zone})
    [ann.create_task(due_date=due) for _ in range(3)]

    listed: list[dict[str, Any]] = read_all(
        ann, f"sort=due_date&limit=1&due_after={due}"
    )

    assert len(listed) == 3
    assert titles(ann.get(f"tasks?due_before={due}")) == []
