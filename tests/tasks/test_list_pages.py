"""Pages of lists by cursor, offset or page number."""

from typing import Any

import pytest

from tests.helpers.client import Client, field_errors
from tests.tasks.support import at, follow, next_link, read_all, titles

SORTS = [
    f"{sign}{name}"
    for name in ("created_at", "updated_at", "due_date", "priority", "title")
    for sign in ("", "-")
]
WAYS = {"cursor": "", "offset": "&offset=0", "page": "&page=1"}


@pytest.fixture
def seven(ann: Client) -> Client:
    """Return a client with seven tasks, some with equal or missing sort keys."""
    with at("2040-06-15T12:00:00.000001+00:00", ann):
        for date in ("2036-02-10", None, "2036-02-10T00:00:00Z"):
            ann.create_task(title="Same", due_date=date)
    ann.renew_session()
    for title, date in [("b", None), ("a", "2036-01-01"), ("c", None)]:
        ann.create_task(title=title, due_date=date, priority="urgent")
    ann.create_task(title="\N{GRINNING FACE}")
    return ann


@pytest.mark.parametrize("sort", SORTS)
def test_cursors_page_through_the_whole_list(seven: Client, sort: str) -> None:
    whole = seven.get(f"tasks?sort={sort}").json["items"]

    listed = read_all(seven, f"sort={sort}&limit=2")

    assert listed == whole
    assert len(whole) == 7


@pytest.mark.one_database
@pytest.mark.parametrize("way", ["offset", "page"])
@pytest.mark.parametrize("sort", SORTS)
def test_links_page_through_the_whole_list(seven: Client, sort: str, way: str) -> None:
    whole = seven.get(f"tasks?sort={sort}").json["items"]

    followed = follow(seven, f"tasks?sort={sort}&limit=3{WAYS[way]}")

    assert followed == whole


def test_links_and_cursors_return_the_same_pages(seven: Client) -> None:
    listed = read_all(seven, "sort=-due_date&limit=2")

    followed = follow(seven, "tasks?sort=-due_date&limit=2")

    assert followed == listed
    assert len(followed) == 7


@pytest.mark.parametrize("second", ["offset=3", "page=2"])
def test_page_and_offset_return_a_later_page(seven: Client, second: str) -> None:
    whole = seven.get("tasks").json["items"]

    shown = seven.get(f"tasks?limit=3&{second}").json["items"]

    assert shown == whole[3:6]


@pytest.mark.one_database
@pytest.mark.parametrize("way", WAYS)
def test_links_keep_filters_sort_and_total(seven: Client, way: str) -> None:
    asked = "priority=urgent&sort=title&limit=1&include_total=true"

    first = seven.get(f"tasks?{asked}{WAYS[way]}")
    second = seven.get(str(next_link(first)))

    assert (titles(first), titles(second)) == (["a"], ["b"])
    assert second.json["total"] == 3


@pytest.mark.parametrize("way", WAYS)
def test_last_page_has_no_cursor_or_link(seven: Client, way: str) -> None:
    last = seven.get(f"tasks?limit=7{WAYS[way]}")

    assert len(last.json["items"]) == 7
    assert last.json["next_cursor"] is None
    assert "Link" not in last.headers


@pytest.mark.parametrize("way", WAYS)
def test_every_page_has_a_cursor(seven: Client, way: str) -> None:
    whole = seven.get("tasks").json["items"]

    first = seven.get(f"tasks?limit=3{WAYS[way]}")
    second = seven.get(f"tasks?limit=3&cursor={first.json['next_cursor']}")

    assert second.json["items"] == whole[3:6]


@pytest.mark.one_database
@pytest.mark.parametrize(
    "query", ["", "?offset=5", "?page=2", "?status=completed", "?include_total=false"]
)
def test_empty_page_has_all_members(ann: Client, query: str) -> None:
    response = ann.get(f"tasks{query}")

    assert response.json == {"items": [], "next_cursor": None, "total": None}
    assert "Link" not in response.headers


@pytest.mark.parametrize("way", ["limit=2", "limit=2&offset=6", "limit=2&page=9"])
def test_total_counts_all_matching_tasks(seven: Client, way: str) -> None:
    every = seven.get(f"tasks?include_total=true&{way}")
    urgent = seven.get(f"tasks?include_total=true&priority=urgent&{way}")

    assert (every.json["total"], urgent.json["total"]) == (7, 3)


def test_total_is_null_by_default(seven: Client) -> None:
    unasked = seven.get("tasks?limit=2")
    declined = seven.get("tasks?limit=2&include_total=false")

    assert len(unasked.json["items"]) == 2
    assert unasked.json["total"] is None
    assert declined.json["total"] is None


def test_default_page_has_20_tasks(ann: Client) -> None:
    made = [ann.create_task()["id"] for _ in range(21)]

    page = ann.get("tasks").json["items"]

    assert [task["id"] for task in page] == made[:0:-1]


@pytest.mark.one_database
@pytest.mark.parametrize(("limit", "shown"), [(1, 1), (7, 7), (100, 7)])
def test_page_has_the_requested_limit(seven: Client, limit: int, shown: int) -> None:
    page = seven.get(f"tasks?limit={limit}").json["items"]

    assert len(page) == shown


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("limit=0", {"limit": "range"}),
        ("limit=101", {"limit": "range"}),
        ("limit=-1", {"limit": "range"}),
        ("limit=1.0", {"limit": "type"}),
        ("limit=ten", {"limit": "type"}),
        ("limit=%2B5", {"limit": "type"}),
        ("limit=5 ", {"limit": "type"}),
        ("limit=1e1", {"limit": "type"}),
        ("limit=1_0", {"limit": "type"}),
        ("limit=%D9%A3", {"limit": "type"}),
        ("limit=" + "9" * 5000, {"limit": "type"}),
        ("offset=-1", {"offset": "range"}),
        ("offset=10001", {"offset": "range"}),
        ("offset=9223372036854775808", {"offset": "range"}),
        ("page=0", {"page": "range"}),
        ("page=10001", {"page": "range"}),
        ("page=10000&limit=100", {"page": "range"}),
        ("offset=0&page=1", {"offset": "conflict", "page": "conflict"}),
        ("cursor=x&offset=0", {"cursor": "conflict", "offset": "conflict"}),
        ("cursor=x&page=1", {"cursor": "conflict", "page": "conflict"}),
        (
            "cursor=x&page=1&offset=0",
            {"cursor": "conflict", "offset": "conflict", "page": "conflict"},
        ),
        ("include_total=1", {"include_total": "type"}),
        ("include_total=TRUE", {"include_total": "type"}),
        ("limit=0&offset=-1", {"limit": "range", "offset": "range"}),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_invalid_paging_is_rejected(
    ann: Client, query: str, codes: dict[str, Any]
) -> None:
    response = ann.get(f"tasks?{query}")

    assert field_errors(response) == codes


@pytest.mark.parametrize("query", ["offset=10000", "page=10000&limit=1"])
def test_deepest_page_is_accepted(ann: Client, query: str) -> None:
    response = ann.get(f"tasks?{query}")

    assert (response.status_code, response.json["items"]) == (200, [])
