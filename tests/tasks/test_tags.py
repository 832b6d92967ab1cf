"""Tags: validation, changes, the filter, and the list of tags."""

from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem, field_errors
from tests.tasks.support import follow, titles

NAMES = [f"{number:02}" for number in range(30)]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([], []),
        (["Home Office"], ["Home Office"]),
        (["b", "a"], ["a", "b"]),
        (["A", "a", " a ", "\uff21"], ["A"]),
        (["  two   words  "], ["two words"]),
        (["two\u00a0\u3000words"], ["two words"]),
        (["Straße", "STRASSE"], ["Straße"]),
        (["É", "E\u0301", "é", "e"], ["É"]),
        (["ﬁn", "fin"], ["ﬁn"]),
        (["İ", "i", "\u0131", "I"], ["İ"]),
        (["ΟΔΟΣ", "οδος", "οδοσ"], ["ΟΔΟΣ"]),
        (["Łódź", "lodz"], ["Łódź"]),
        (["か", "が", "カ", "ガ"], ["か", "が", "カ", "ガ"]),
        (["कि", "की"], ["कि", "की"]),
        (
            ["Z", "a", "é", "東", "🎉", "10", "9"],
            ["10", "9", "Z", "a", "é", "東", "🎉"],
        ),
        (["a.b", "a-b", "a b", "a_b"], ["a b", "a-b", "a.b", "a_b"]),
        (['"', "'", "\\", "%", "#1", "a;b", "{}", "null"], None),
        (["x" * 50], ["x" * 50]),
        (["ß" * 50], ["ß" * 50]),
        (["\ufdfa" * 50], ["\ufdfa" * 50]),
        (["\u200b"], ["\u200b"]),
        (["東" * 50], ["東" * 50]),
        ([" " * 30 + "x" * 50 + " " * 30], ["x" * 50]),
        (NAMES[:20], NAMES[:20]),
        (["x"] * 20, ["x"]),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_tags_are_a_sorted_case_insensitive_set(
    ann: Client, given: list[str], kept: list[str] | None
) -> None:
    made = ann.create_task(tags=given)

    read = ann.get(f"tasks/{made['id']}").json
    assert made["tags"] == (sorted(given) if kept is None else kept)
    assert read == made == ann.get("tasks").json["items"][0]


def test_tag_keeps_its_first_form(ann: Client, bob: Client) -> None:
    bob.create_task(tags=["HOME OFFICE"])
    first = ann.create_task(tags=["Home Office"])
    other = ann.create_task(tags=["x"])

    made = ann.create_task(tags=["home office", "Café"])
    changed = ann.patch(f"tasks/{other['id']}", {"tags": ["home  OFFICE", "cafe"]})
    nested = ann.create_task(subtasks=[{"title": "a", "tags": ["HOME office"]}])
    request = {
        "create": [{"title": "b", "tags": ["hOme office", "New"]}],
        "update": [{"id": nested["id"], "tags": ["home office", "NEW"]}],
    }
    bulk = ann.post("tasks/bulk", request).json

    both = ["Café", "Home Office"]
    assert made["tags"] == changed.json["tags"] == both
    assert nested["subtasks"][0]["tags"] == ["Home Office"]
    assert bulk["created"][0]["tags"] == ["Home Office", "NEW"]
    assert bulk["updated"][0]["tags"] == ["Home Office", "NEW"]
    assert ann.get(f"tasks/{first['id']}").json["tags"] == ["Home Office"]
    assert counted(ann) == {"Café": 2, "Home Office": 6, "NEW": 2}
    assert len(titles(ann.get("tasks?tag=HOME+OFFICE"))) == 6
    assert counted(bob) == {"HOME OFFICE": 1}


def test_unused_tag_can_get_another_form(ann: Client) -> None:
    task = ann.create_task(tags=["Home"])
    ann.patch(f"tasks/{task['id']}", {"tags": []})

    assert ann.create_task(tags=["HOME"])["tags"] == ["HOME"]


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("given", "faulty"),
    [
        (NAMES[:21], {"#/tags": "length"}),
        (["x"] * 21, {"#/tags": "length"}),
        (["x" * 51], {"#/tags/0": "length"}),
        (["a", ""], {"#/tags/1": "length"}),
        (["a", "   "], {"#/tags/1": "length"}),
        (["a,b"], {"#/tags/0": "format"}),
        (["a\uff0cb"], {"#/tags/0": "format"}),
        (["a\ufe50b"], {"#/tags/0": "format"}),
        ([","], {"#/tags/0": "format"}),
        (["a\0"], {"#/tags/0": "characters"}),
        (["a\nb"], {"#/tags/0": "control"}),
        (["a\tb"], {"#/tags/0": "control"}),
        (["a\x1cb"], {"#/tags/0": "control"}),
        (["a\x7fb"], {"#/tags/0": "control"}),
        ([1], {"#/tags/0": "type"}),
        ([None], {"#/tags/0": "null"}),
        ([["a"]], {"#/tags/0": "type"}),
        (None, {"#/tags": "null"}),
        ("a", {"#/tags": "type"}),
        ({"a": 1}, {"#/tags": "type"}),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_invalid_tags_are_rejected(
    ann: Client, task: dict[str, Any], given: Any, faulty: Any
) -> None:
    making = ann.post("tasks", {"title": "Tea", "tags": given})
    changing = ann.patch(f"tasks/{task['id']}", {"title": "Tea", "tags": given})

    assert field_errors(making) == field_errors(changing) == faulty
    assert ann.get("tasks").json["items"] == [task]


@pytest.mark.parametrize("tags", [["new"], [], ["old", "new"], NAMES[:20]], ids=str)
def test_change_replaces_all_tags(ann: Client, tags: list[str]) -> None:
    task = ann.create_task(tags=["old", "older"])

    changed = ann.patch(f"tasks/{task['id']}", {"tags": tags}).json

    assert changed["tags"] == sorted(tags)
    assert changed["version"] == 2
    assert ann.get(f"tasks/{task['id']}").json == changed


def test_change_of_another_field_keeps_the_tags(ann: Client) -> None:
    task = ann.create_task(tags=["a", "b"])

    changed = ann.patch(f"tasks/{task['id']}", {"title": "Tea"})

    assert changed.json["tags"] == ["a", "b"]


@pytest.mark.parametrize("tags", [["a", "b"], ["B", "a"], ["a", " b ", "A"]], ids=str)
def test_equal_tags_keep_the_version(ann: Client, tags: list[str]) -> None:
    task = ann.create_task(tags=["a", "b"])

    changed = ann.patch(f"tasks/{task['id']}", {"tags": tags})

    assert changed.json == task


def test_change_of_tags_with_a_stale_version_is_rejected(ann: Client) -> None:
    task = ann.create_task(tags=["a"])
    ann.patch(f"tasks/{task['id']}", {"tags": ["b"]}, headers={"If-Match": '"1"'})

    late = {"If-Match": '"1"'}
    response = ann.patch(f"tasks/{task['id']}", {"tags": ["c"]}, headers=late)

    assert_problem(response, 412, "precondition-failed")
    assert ann.get(f"tasks/{task['id']}").json["tags"] == ["b"]


@pytest.fixture
def tagged(ann: Client, bob: Client) -> Client:
    """Return a client with tasks of one, two and three tags."""
    for names in ["a", "ab", "abc", "c", ""]:
        ann.create_task(title=names or "none", tags=list(names))
    ann.create_task(title="two words", tags=["Two words", "100%"])
    bob.create_task(title="z", tags=["a", "b", "c", "z"])
    return ann


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("tag=a", ["a", "ab", "abc"]),
        ("tag=A", ["a", "ab", "abc"]),
        ("tag=%20a%20", ["a", "ab", "abc"]),
        ("tag=a&tag=a", ["a", "ab", "abc"]),
        ("tag=a&tag=b", ["ab", "abc"]),
        ("tag=b&tag=c&tag=a", ["abc"]),
        ("tag=a&tag=two+words", []),
        ("tag=two++WORDS", ["two words"]),
        ("tag=100%25", ["two words"]),
        ("tag=100", []),
        ("tag=%25", []),
        ("tag=_", []),
        ("tag=z", []),
        ("tag=a&tag=z", []),
        ("tag=a&q=ab&status=todo", ["ab", "abc"]),
        ("tag=a" + "&tag=A" * 19, ["a", "ab", "abc"]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_tag_filter_returns_tasks_with_all_tags(
    tagged: Client, query: str, kept: list[str]
) -> None:
    listed = tagged.get(f"tasks?sort=title&include_total=true&{query}")

    assert titles(listed) == kept
    assert listed.json["total"] == len(kept)


def test_tag_filter_accepts_twenty_tags(ann: Client) -> None:
    ann.create_task(title="all", tags=NAMES[:20])
    ann.create_task(title="most", tags=NAMES[1:20])

    listed = ann.get(f"tasks?tag={'&tag='.join(NAMES[:20])}")

    assert titles(listed) == ["all"]


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("tag=", "length"),
        ("tag=%20", "length"),
        ("tag=a&tag=", "length"),
        ("tag=a,b", "format"),
        (f"tag={'x' * 51}", "length"),
        ("tag=%00", "characters"),
        ("tag=a%0Ab", "control"),
        ("tag=x" + "&tag=x" * 20, "length"),
        ("tag[]=a", "unknown"),
        ("tags=a", "unknown"),
    ],
    ids=lambda value: value[:30],
)
def test_invalid_tag_filter_is_rejected(ann: Client, query: str, code: str) -> None:
    response = ann.get(f"tasks?{query}")

    assert list(field_errors(response).values()) == [code]
    assert next(iter(field_errors(response))).startswith("tag")


def counted(client: Client, query: str = "") -> dict[str, int]:
    response = client.get(f"tags?{query}")
    assert response.status_code == 200, response.text
    return {tag["name"]: tag["task_count"] for tag in response.json["items"]}


def test_tag_list_counts_tasks(tagged: Client, bob: Client) -> None:
    assert counted(tagged) == {"100%": 1, "a": 3, "b": 2, "c": 2, "Two words": 1}
    assert counted(bob) == {"a": 1, "b": 1, "c": 1, "z": 1}


def test_tag_list_without_tags_is_empty(ann: Client) -> None:
    ann.create_task()

    response = ann.get("tags?include_total=true")

    assert response.json == {"items": [], "next_cursor": None, "total": 0}


def test_trash_is_not_counted(tagged: Client) -> None:
    (task,) = tagged.get("tasks?tag=a&tag=b&tag=c").json["items"]

    tagged.delete(f"tasks/{task['id']}")

    assert counted(tagged) == {"100%": 1, "a": 2, "b": 1, "c": 1, "Two words": 1}
    tagged.post(f"tasks/{task['id']}/restore")
    assert counted(tagged)["b"] == 2


def test_unused_tag_is_not_listed(ann: Client) -> None:
    changed, trashed = ann.create_task(tags=["a"]), ann.create_task(tags=["b"])
    deleted = ann.create_task(tags=["c"])

    ann.patch(f"tasks/{changed['id']}", {"tags": ["d"]})
    ann.delete(f"tasks/{trashed['id']}")
    ann.delete(f"tasks/{deleted['id']}?permanent=true")

    assert counted(ann) == {"d": 1}


@pytest.mark.parametrize("way", ["", "&offset=0", "&page=1"], ids=["c", "o", "p"])
def test_tag_cursors_follow_code_points(ann: Client, way: str) -> None:
    names = sorted([*NAMES[:27], "é", "東", "🎉"])
    ann.create_task(tags=names[:20])
    ann.create_task(tags=names[10:])

    listed = follow(ann, f"tags?limit=7{way}&include_total=true")

    assert [tag["name"] for tag in listed] == names
    assert [tag["task_count"] for tag in listed] == [1] * 10 + [2] * 10 + [1] * 10


def test_tag_total_counts_each_tag_once(tagged: Client) -> None:
    page = tagged.get("tags?limit=2&include_total=true").json

    assert page["total"] == 5
    assert [tag["name"] for tag in page["items"]] == ["100%", "a"]


@pytest.mark.one_database
@pytest.mark.parametrize("query", ["limit=0", "limit=101", "q=a", "sort=name", "tag=a"])
def test_tag_list_accepts_only_paging(ann: Client, query: str) -> None:
    response = ann.get(f"tags?{query}")

    assert set(field_errors(response)) == {query.partition("=")[0]}


@pytest.mark.one_database
def test_tag_cursor_of_another_user_is_rejected(tagged: Client, bob: Client) -> None:
    cursor = tagged.get("tags?limit=1").json["next_cursor"]

    assert_problem(bob.get(f"tags?cursor={cursor}"), 422, "invalid-cursor")
    assert_problem(bob.get("tags?cursor=x"), 422, "invalid-cursor")
    assert counted(tagged, f"cursor={cursor}") == {
        "a": 3,
        "b": 2,
        "c": 2,
        "Two words": 1,
    }


def test_subtasks_and_bulk_tasks_have_tags(ann: Client) -> None:
    ann.create_task(tags=["a"], subtasks=[{"title": "b", "tags": ["A", "b"]}])
    new = {"title": "c", "tags": ["c", "C"]}
    made = ann.post("tasks/bulk", {"create": [new, new]}).json["created"]

    change = {"id": made[0]["id"], "tags": []}
    ann.post("tasks/bulk", {"update": [change]})

    assert counted(ann) == {"a": 2, "b": 1, "c": 1}
