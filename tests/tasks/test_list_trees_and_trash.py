"""The list filtered by parent, trash and external id."""

from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem, field_errors
from tests.tasks.support import at, follow, read_all, titles


@pytest.fixture
def tree(ann: Client, bob: Client) -> dict[str, Any]:
    """Create a tree and another task of Ann, and a tree of Bob; return Ann's tree."""
    subtasks = [{"title": "b", "subtasks": [{"title": "c"}]}, {"title": "d"}]
    created = ann.create_task(title="a", subtasks=subtasks)
    ann.create_task(title="e", external_id="E-1", tags=["x"], due_date="2036-01-01")
    bob.create_task(title="z", external_id="E-1", subtasks=[{"title": "y"}])
    return created


def listed(client: Client, query: str) -> str:
    """Return the listed titles in order; assert that the total is their number."""
    page = client.get(f"tasks?sort=title&include_total=true&{query}")
    assert page.json.get("total") == len(titles(page)), page.text
    return "".join(titles(page))


def test_parent_none_lists_the_top_level(ann: Client, tree: dict[str, Any]) -> None:
    assert listed(ann, "parent_id=none") == "ae"


def test_parent_id_lists_direct_subtasks(ann: Client, tree: dict[str, Any]) -> None:
    assert listed(ann, f"parent_id={tree['id']}") == "bd"
    assert listed(ann, f"parent_id={tree['subtasks'][0]['id']}") == "c"
    assert listed(ann, f"parent_id={tree['subtasks'][1]['id']}") == ""


def test_parent_id_of_another_user_lists_nothing(
    ann: Client, bob: Client, tree: dict[str, Any]
) -> None:
    (his,) = bob.get("tasks?parent_id=none").json["items"]

    assert listed(bob, f"parent_id={his['id']}") == "y"
    assert listed(ann, f"parent_id={his['id']}") == ""
    assert listed(ann, f"parent_id={2**63 - 1}") == ""


def test_external_id_filter_finds_one_task(ann: Client, tree: dict[str, Any]) -> None:
    found = [listed(ann, f"external_id={name}") for name in ("E-1", "%20E-1", "E-2")]

    assert found == ["e", "e", ""]


@pytest.mark.parametrize("name", ["e-1", "E-", "E-1%25", "E_1", "%25", "*"])
def test_external_id_filter_is_exact(
    ann: Client, tree: dict[str, Any], name: str
) -> None:
    assert listed(ann, f"external_id={name}") == ""


def test_trash_is_listed_separately(ann: Client, tree: dict[str, Any]) -> None:
    ann.delete(f"tasks/{tree['subtasks'][0]['id']}")

    assert listed(ann, "deleted=true") == "bc"
    assert listed(ann, "deleted=false") == listed(ann, "overdue=false") == "ade"


def test_trash_accepts_every_filter(ann: Client, tree: dict[str, Any]) -> None:
    ann.delete(f"tasks/{tree['id']}")
    (other,) = ann.get("tasks").json["items"]
    ann.delete(f"tasks/{other['id']}")

    assert listed(ann, "deleted=true&parent_id=none") == "ae"
    assert listed(ann, f"deleted=true&parent_id={tree['id']}") == "bd"
    assert listed(ann, "deleted=true&external_id=E-1&tag=x&q=e") == "e"
    assert listed(ann, "deleted=true&due_after=1970-01-01T00:00:00Z") == "e"
    assert listed(ann, "parent_id=none") == listed(ann, "tag=x") == ""


@pytest.mark.parametrize("sort", ["-created_at", "due_date", "-due_date", "title"])
def test_trash_has_cursors(ann: Client, sort: str) -> None:
    dates = ["2036-01-01", None, "2036-01-02", None, None]
    created = [ann.create_task(due_date=due) for due in dates]
    [ann.delete(f"tasks/{task['id']}") for task in created]
    ann.create_task(title="kept")

    pages = read_all(ann, f"deleted=true&limit=2&sort={sort}")

    assert sorted(task["id"] for task in pages) == [task["id"] for task in created]
    assert all(task["deleted_at"] for task in pages)


def test_trash_of_another_user_is_not_listed(
    bob: Client, ann: Client, tree: dict[str, Any]
) -> None:
    ann.delete(f"tasks/{tree['id']}")

    assert listed(bob, "deleted=true") == ""


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("parent_id=none&tag=x", "e"),
        ("parent_id=none&external_id=E-1&q=e&status=todo", "e"),
        ("parent_id=none&overdue=true", ""),
        ("parent_id=none&tag=x&due_before=2036-01-01T00:00:00Z", ""),
        ("parent_id=none&tag=x&due_after=2036-01-01T00:00:00Z", "e"),
        ("external_id=E-1&tag=x&deleted=true", ""),
        ("q=e&tag=y", ""),
        ("q=a&external_id=E-1", ""),
    ],
)
def test_filters_are_combined_by_and(
    ann: Client, tree: dict[str, Any], query: str, kept: str
) -> None:
    assert listed(ann, query) == kept


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("parent_id=0", "range"),
        ("parent_id=-1", "range"),
        ("parent_id=9223372036854775808", "range"),
        ("parent_id=None", "type"),
        ("parent_id=null", "type"),
        ("parent_id=none ", "type"),
        ("parent_id=1,2", "type"),
        ("parent_id=%D9%A3", "type"),
        ("parent_id=", "type"),
        ("deleted=1", "type"),
        ("deleted=TRUE", "type"),
        ("deleted=only", "type"),
        ("external_id=", "length"),
        ("external_id=%20", "length"),
        ("external_id=%00", "characters"),
        ("external_id=a%0Ab", "control"),
        (f"external_id={'x' * 201}", "length"),
        ("parent_id=1&parent_id=2", "repeated"),
        ("parent_id=none&parent_id=none", "repeated"),
        ("external_id=a&external_id=b", "repeated"),
        ("deleted=true&deleted=false", "repeated"),
        ("expand=subtasks", "unknown"),
        ("owner_id=1", "unknown"),
        ("completed=true", "unknown"),
    ],
    ids=lambda text: text[:40],
)
def test_invalid_filter_is_rejected(ann: Client, query: str, code: str) -> None:
    response = ann.get(f"tasks?{query}")

    assert field_errors(response) == {query.partition("=")[0]: code}


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("tags", "tag"),
        ("parent", "parent_id"),
        ("externalId", "external_id"),
        ("delete", "deleted"),
        ("search", None),
    ],
)
def test_unknown_filter_is_rejected_with_a_hint(
    ann: Client, name: str, hint: str | None
) -> None:
    response = ann.get(f"tasks?{name}=1")

    assert field_errors(response) == {name: "unknown"}
    sentence = hint and f"Did you mean {hint}?"
    assert response.json["errors"][0].get("hint") == sentence


FILTERS = ["tag=x", "tag=x&tag=y", "tag=y&tag=x&tag=x", "parent_id=none", "q=t"]


@pytest.fixture
def five(ann: Client) -> Client:
    """Return a client with five tasks that have two tags."""
    [ann.create_task(title="t", tags=["x", "y"]) for _ in range(5)]
    return ann


@pytest.mark.one_database
@pytest.mark.parametrize("query", FILTERS)
@pytest.mark.parametrize("way", ["", "&page=1", "&offset=0"])
def test_link_keeps_every_filter(five: Client, query: str, way: str) -> None:
    others = [five.create_task(title="other") for _ in range(2)]
    five.create_task(title="z", parent_id=others[0]["id"])

    pages = follow(five, f"tasks?{query}&limit=2&sort=title{way}")

    expected = ["other"] * 2 * (query == "parent_id=none") + ["t"] * 5
    assert [task["title"] for task in pages] == expected


@pytest.mark.one_database
@pytest.mark.parametrize(
    "query",
    [
        "",
        "tag=x",
        "tag=x&tag=z",
        "tag=x&tag=x&tag=y",
        "tag=x&tag=y&q=t",
        "tag=x&tag=y&parent_id=none",
        "tag=x&tag=y&deleted=true",
        "tag=x&tag=y&external_id=x",
    ],
)
def test_cursor_of_other_filters_is_rejected(five: Client, query: str) -> None:
    cursor = five.get("tasks?tag=x&tag=y&limit=1").json["next_cursor"]

    response = five.get(f"tasks?{query}&cursor={cursor}")

    assert_problem(response, 422, "invalid-cursor")
    assert five.get(f"tasks?tag=y&tag=x&cursor={cursor}").status_code == 200


@pytest.mark.one_database
def test_cursor_of_tags_is_rejected_for_tasks(five: Client) -> None:
    cursor = five.get("tags?limit=1").json["next_cursor"]

    response = five.get(f"tasks?cursor={cursor}")

    assert_problem(response, 422, "invalid-cursor")


@pytest.mark.parametrize("sort", ["due_date", "-due_date"])
def test_cursors_return_dated_and_undated_tasks_once(ann: Client, sort: str) -> None:
    dates = ["2036-01-02", None, "2036-01-01", None, "2036-01-02"]
    kept = [ann.create_task(tags=["x"], due_date=d) for d in [*dates, *dates]]
    deleted = [ann.create_task(tags=["x"], due_date=d) for d in dates]

    def change() -> None:
        ann.delete(f"tasks/{deleted.pop()['id']}")
        ann.create_task(tags=["x"])
        ann.create_task(tags=["x"], due_date="2036-01-02")

    pages = read_all(
        ann, f"tag=x&sort={sort}&limit=4", lambda: change() if deleted else None
    )

    ids = [task["id"] for task in pages]
    assert {task["id"] for task in kept} <= set(ids)
    assert len(ids) == len(set(ids))


def test_cursors_of_overdue_tasks_reach_the_end(ann: Client) -> None:
    with at("2040-06-15T12:00:00+00:00", ann):
        [ann.create_task(title=t, due_date="2040-06-14") for t in "abc"]
        pages = read_all(ann, "overdue=true&sort=title&limit=1")

    assert [task["title"] for task in pages] == ["a", "b", "c"]
