"""Validation of search queries, and search combined with filters, sorts and pages."""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.helpers.client import Client, assert_problem, field_errors
from tests.tasks.support import follow, found, read_all, titles


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("q", "code"),
    [
        ("", "wordless"),
        ("%20%20", "wordless"),
        ("a" * 201, "length"),
        ("%C3%9F" * 201, "length"),
        ("a%00b", "characters"),
        ("%00", "characters"),
        ("a%0Ab", "control"),
        ("a%1Fb", "control"),
        ("%25", "wordless"),
        ("_", "wordless"),
        ("*", "wordless"),
        ("...", "wordless"),
        ("%22%22", "wordless"),
        ("@", "wordless"),
        ("%26%7C!()%3A", "wordless"),
        ("%2B", "wordless"),
        ("%E2%80%94", "wordless"),
        ("%CC%81", "wordless"),
        ("%E2%80%8B", "wordless"),
        ("%EF%BC%A0", "wordless"),
        ("%EF%B8%8F", "wordless"),
        ("a+b+c+d+e+f+g+h+i", "length"),
        (quote("".join(chr(0x1F300 + n) for n in range(9))), "length"),
        (quote("".join(chr(0x4E00 + n) for n in range(66))), "length"),
    ],
    ids=ascii,
)
def test_empty_search_is_rejected(ann: Client, q: str, code: str) -> None:
    ann.create_task()

    response = ann.get(f"tasks?q={q}")

    assert field_errors(response) == {"q": code}


def test_search_with_invalid_text_is_rejected_or_finds_nothing(ann: Client) -> None:
    ann.create_task()

    response = ann.get("tasks?q=%FF%FE")

    assert response.status_code == 422 or titles(response) == []


@pytest.mark.one_database
@pytest.mark.parametrize("character", ["a", "é", "東", "🎉", "ß", "\ufdfa"])
def test_search_accepts_two_hundred_characters(ann: Client, character: str) -> None:
    ann.create_task(title="party", description=character * 201)

    assert found(ann, character * 200) == ["party"]


def test_search_ignores_surrounding_spaces(ann: Client) -> None:
    ann.create_task(title="Tea")

    assert found(ann, f"  {'tea' + ' ' * 97 + 'te':<200}  ") == ["Tea"]


QUERIES = [
    "",
    "&status=todo",
    "&status=todo,in_progress&priority=low,medium",
    "&tag=hot",
    "&tag=hot&tag=green",
    "&parent_id=none",
    "&external_id=tea-1",
    "&overdue=false",
    "&due_after=2036-01-01T00:00:00Z",
    "&created_after=1970-01-01T00:00:00Z&updated_before=9998-01-01T00:00:00Z",
    "&deleted=false&ids={id}",
]


@pytest.fixture
def tea(ann: Client, bob: Client) -> Client:
    """Return a client with one task that matches all filters, and others."""
    kept = {"tags": ["hot", "green"], "due_date": "2036-05-05", "external_id": "tea-1"}
    ann.create_task(title="Tea", **kept)
    ann.create_task(title="Coffee", **kept | {"external_id": "tea-2"})
    other = {"status": "completed", "priority": "urgent", "tags": ["cold"]}
    ann.create_task(title="Teapot", **other, subtasks=[{"title": "Tea", **other}])
    bob.create_task(title="Tea of Bob", **kept)
    return ann


@pytest.mark.parametrize("query", QUERIES, ids=lambda text: text or "-")
def test_search_combines_with_filters(tea: Client, query: str) -> None:
    task_id = tea.get("tasks?external_id=tea-1").json["items"][0]["id"]

    address = f"include_total=true&sort=title{query.format(id=task_id)}"
    listed = tea.get(f"tasks?q=tea&{address}")

    assert titles(listed)[0] == "Tea"
    assert "Coffee" not in titles(listed)
    assert listed.json["total"] == len(titles(listed))


SORTS = ["created_at", "updated_at", "due_date", "priority", "title"]


@pytest.mark.parametrize("sort", [s + n for n in SORTS for s in ("", "-")])
def test_search_has_sorts_and_cursors(ann: Client, sort: str) -> None:
    ranks = ["low", "urgent", "medium", "low", "high", "medium"]
    dates = ["2036-01-02", None, "2036-01-01", None, "2036-01-01", "2036-01-02"]
    for title, rank, due in zip("badcfe", ranks, dates, strict=True):
        ann.create_task(title=f"{title} tea", priority=rank, due_date=due)
        ann.create_task(title=f"{title} milk", priority=rank, due_date=due)

    every = titles(ann.get(f"tasks?sort={sort}"))
    listed = read_all(ann, f"q=TEA&sort={sort}&limit=2")

    assert [task["title"] for task in listed] == [t for t in every if "tea" in t]


@pytest.mark.one_database
@pytest.mark.parametrize("way", ["offset=0", "page=1", "include_total=true"])
def test_link_keeps_the_search(ann: Client, way: str) -> None:
    q = "té & a+b %"
    [ann.create_task(title="Tea: a b") for _ in range(5)]
    [ann.create_task(title="Tea") for _ in range(5)]

    listed = follow(ann, f"tasks?limit=2&{way}&q={quote(q)}")

    assert [task["title"] for task in listed] == ["Tea: a b"] * 5


@pytest.mark.one_database
@pytest.mark.parametrize(
    "query",
    ["", "&q=tea", "&q=Te", "&q=te%20", "&q=milk"],
    ids=lambda text: text or "-",
)
def test_cursor_of_another_search_is_rejected(ann: Client, query: str) -> None:
    [ann.create_task(title="Tea") for _ in range(2)]
    cursor = ann.get("tasks?q=te&limit=1").json["next_cursor"]

    response = ann.get(f"tasks?cursor={cursor}{query}")

    assert_problem(response, 422, "invalid-cursor")


def test_total_counts_search_results(ann: Client, bob: Client) -> None:
    [ann.create_task(title=title) for title in ("Tea", "Teapot", "Milk")]
    bob.create_task(title="Tea")

    pages = [
        ann.get(f"tasks?q=tea&include_total=true&{way}")
        for way in ("limit=1", "offset=1", "page=2&limit=1")
    ]

    assert [page.json["total"] for page in pages] == [2, 2, 2]


@pytest.mark.one_database
def test_repeated_search_is_rejected(ann: Client) -> None:
    response = ann.get("tasks?q=tea&q=milk")

    assert field_errors(response) == {"q": "repeated"}


@pytest.fixture
def delete_account(ann: Client) -> Callable[[], None]:
    """Return a function that deletes Ann's account."""

    def delete() -> None:
        response = ann.delete("users/me", {"password": "a long walk in the rain"})
        assert response.status_code == 204, response.text

    return delete


def test_terms_are_deleted_with_the_account(
    ann: Client, bob: Client, delete_account: Callable[[], None]
) -> None:
    ann.create_task(title="Tea")
    bob.create_task(title="Tea")

    delete_account()

    assert found(bob, "tea") == ["Tea"]
