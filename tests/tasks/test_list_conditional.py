"""ETags of lists, and HEAD requests."""

from typing import Any

import pytest

from tests.helpers.client import Client
from tests.tasks.support import at, titles

ADDRESS = "tasks?tag=x&q=tea&include_total=true"


def again(client: Client, path: str, tag: str) -> Any:
    return client.get(path, headers={"If-None-Match": tag})


@pytest.fixture
def tag(ann: Client) -> str:
    """Return the ETag of a list with two tasks."""
    [ann.create_task(title=title, tags=["x"]) for title in ("Tea", "Teapot")]
    return str(ann.get(ADDRESS).headers["ETag"])


def test_list_returns_304_if_unchanged(ann: Client, tag: str) -> None:
    response = again(ann, ADDRESS, tag)

    assert tag.startswith('W/"')
    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == tag
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "Content-Type" not in response.headers


@pytest.mark.one_database
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
def test_list_etag_is_compared_weakly(
    ann: Client, tag: str, form: str, status: int
) -> None:
    asked = form.format(tag, strong=tag.removeprefix("W/"), bare=tag[3:-1])

    response = again(ann, ADDRESS, asked)

    assert response.status_code == status


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
def test_change_of_a_task_changes_the_list_etag(
    ann: Client, tag: str, change: dict[str, Any]
) -> None:
    (task, _) = ann.get(ADDRESS).json["items"]

    ann.patch(f"tasks/{task['id']}", change)

    response = again(ann, ADDRESS, tag)
    assert response.status_code == 200
    assert response.headers["ETag"] != tag


def test_change_of_an_unlisted_task_keeps_the_list_etag(
    ann: Client, bob: Client, tag: str
) -> None:
    ann.create_task(title="Milk", tags=["x"])
    bob.create_task(title="Tea", tags=["x"])

    assert again(ann, ADDRESS, tag).status_code == 304


def test_new_and_deleted_tasks_change_the_list_etag(ann: Client, tag: str) -> None:
    made = ann.create_task(title="Tea", tags=["x"])
    more = again(ann, ADDRESS, tag)

    ann.delete(f"tasks/{made['id']}")

    assert more.status_code == 200
    assert again(ann, ADDRESS, more.headers["ETag"]).status_code == 200
    assert again(ann, ADDRESS, tag).status_code == 304


def test_completed_subtask_changes_the_list_etag(ann: Client) -> None:
    made = ann.create_task(subtasks=[{"title": "Soil"}])
    tag = ann.get("tasks?parent_id=none").headers["ETag"]

    ann.patch(f"tasks/{made['subtasks'][0]['id']}", {"status": "completed"})

    response = again(ann, "tasks?parent_id=none", tag)
    assert response.json["items"][0]["progress"] == 1


def test_overdue_task_changes_the_list_etag(ann: Client) -> None:
    with at("2040-06-15T11:00:00+00:00", ann):
        ann.create_task(due_date="2040-06-15T12:00:00Z")
        tag = ann.get("tasks").headers["ETag"]

    with at("2040-06-15T13:00:00+00:00", ann):
        response = again(ann, "tasks", tag)

    assert response.status_code == 200
    assert response.json["items"][0]["is_overdue"] is True


@pytest.mark.one_database
@pytest.mark.parametrize("query", ["", "&limit=1", "&sort=title", "&offset=1"])
def test_head_returns_the_headers_of_get(ann: Client, tag: str, query: str) -> None:
    got = ann.get(ADDRESS + query)

    asked = ann.call("HEAD", ADDRESS + query)

    assert (asked.status_code, asked.data) == (200, b"")
    names = ["ETag", "Link", "Content-Type", "Content-Length"]
    assert [asked.headers.get(n) for n in names] == [got.headers.get(n) for n in names]


@pytest.mark.one_database
@pytest.mark.parametrize("query", ["q=", "tag=a,b", "parent_id=x", "nope=1"])
def test_head_rejects_the_requests_that_get_rejects(ann: Client, query: str) -> None:
    response = ann.call("HEAD", f"tasks?{query}", headers={"If-None-Match": "*"})

    assert (response.status_code, response.data) == (422, b"")


def test_different_pages_have_different_etags(ann: Client, tag: str) -> None:
    first, second = (ann.get(f"{ADDRESS}&limit=1&offset={n}") for n in (0, 1))

    assert titles(first) != titles(second)
    assert first.headers["ETag"] != second.headers["ETag"]
