"""A list is tagged by what it holds, and read with HEAD as with GET."""

from typing import Any

import pytest

from tests.support import Client
from tests.tasks.support import at, titles

ADDRESS = "tasks?tag=x&q=tea&include_total=true"


def again(client: Client, path: str, tag: str) -> Any:
    return client.get(path, headers={"If-None-Match": tag})


@pytest.fixture
def tag(ann: Client) -> str:
    """Return the ETag of Ann's list, which shows two tasks."""
    [ann.make_task(title=title, tags=["x"]) for title in ("Tea", "Teapot")]
    return str(ann.get(ADDRESS).headers["ETag"])


def test_who_has_the_list_is_told_so(ann: Client, tag: str) -> None:
    answer = again(ann, ADDRESS, tag)

    assert tag.startswith('W/"')
    assert (answer.status_code, answer.data) == (304, b"")
    assert answer.headers["ETag"] == tag
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "Content-Type" not in answer.headers


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ("{}", 304),
        ('"x", {}, "y"', 304),
        ("{strong}", 304),
        ('W/"{bare}-gzip"', 304),
        ('"{bare};gzip"', 304),
        ('W/"x"', 200),
        ("", 200),
        ("x", 200),
        ('"1"', 200),
    ],
)
def test_the_tag_is_compared_weakly(
    ann: Client, tag: str, form: str, status: int
) -> None:
    asked = form.format(tag, strong=tag.removeprefix("W/"), bare=tag[3:-1])

    answer = again(ann, ADDRESS, asked)

    assert answer.status_code == status


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Tea time"},
        {"tags": ["x", "y"]},
        {"tags": []},
        {"due_date": "2036-01-01"},
        {"status": "completed"},
    ],
    ids=str,
)
def test_a_change_gives_the_list_another_tag(
    ann: Client, tag: str, change: dict[str, Any]
) -> None:
    (task, _) = ann.get(ADDRESS).json["items"]

    ann.patch(f"tasks/{task['id']}", change)

    answer = again(ann, ADDRESS, tag)
    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag


def test_what_is_not_in_the_list_leaves_its_tag(
    ann: Client, bob: Client, tag: str
) -> None:
    ann.make_task(title="Milk", tags=["x"])
    bob.make_task(title="Tea", tags=["x"])

    assert again(ann, ADDRESS, tag).status_code == 304


def test_new_and_deleted_tasks_give_the_list_another_tag(ann: Client, tag: str) -> None:
    made = ann.make_task(title="Tea", tags=["x"])
    more = again(ann, ADDRESS, tag)

    ann.delete(f"tasks/{made['id']}")

    assert more.status_code == 200
    assert again(ann, ADDRESS, more.headers["ETag"]).status_code == 200
    assert again(ann, ADDRESS, tag).status_code == 304


def test_a_subtask_that_is_completed_gives_the_list_another_tag(ann: Client) -> None:
    made = ann.make_task(subtasks=[{"title": "Soil"}])
    tag = ann.get("tasks?parent_id=none").headers["ETag"]

    ann.patch(f"tasks/{made['subtasks'][0]['id']}", {"status": "completed"})

    answer = again(ann, "tasks?parent_id=none", tag)
    assert answer.json["items"][0]["progress"] == 1


def test_the_list_has_another_tag_when_a_task_is_overdue(ann: Client) -> None:
    with at("2040-06-15T11:00:00+00:00", ann):
        ann.make_task(due_date="2040-06-15T12:00:00Z")
        tag = ann.get("tasks").headers["ETag"]

    with at("2040-06-15T13:00:00+00:00", ann):
        answer = again(ann, "tasks", tag)

    assert answer.status_code == 200
    assert answer.json["items"][0]["is_overdue"] is True


@pytest.mark.parametrize("query", ["", "&limit=1", "&sort=title", "&offset=1"])
def test_head_answers_like_get_without_the_list(
    ann: Client, tag: str, query: str
) -> None:
    got = ann.get(ADDRESS + query)

    asked = ann.call("HEAD", ADDRESS + query)

    assert (asked.status_code, asked.data) == (200, b"")
    names = ["ETag", "Link", "Content-Type", "Content-Length"]
    assert [asked.headers.get(n) for n in names] == [got.headers.get(n) for n in names]


@pytest.mark.parametrize("query", ["q=", "tag=a,b", "parent_id=x", "nope=1"])
def test_head_refuses_what_get_refuses(ann: Client, query: str) -> None:
    refusal = ann.call("HEAD", f"tasks?{query}", headers={"If-None-Match": "*"})

    assert (refusal.status_code, refusal.data) == (422, b"")


def test_two_pages_have_two_tags(ann: Client, tag: str) -> None:
    first, second = (ann.get(f"{ADDRESS}&limit=1&offset={n}") for n in (0, 1))

    assert titles(first) != titles(second)
    assert first.headers["ETag"] != second.headers["ETag"]
