"""Cursors continue a list after its last page, and are valid for that list only."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from tests.helpers.client import Client, assert_problem
from tests.tasks.support import read_all, titles

FIRST = "tasks?status=todo&sort=title&limit=1"
SORTS = ["created_at", "-created_at", "title", "-due_date", "due_date", "-priority"]


@pytest.fixture
def cursor(ann: Client) -> str:
    """Return the cursor after the first of Ann's tasks a, b and c."""
    [ann.create_task(title=title) for title in "abc"]
    found: str = ann.get(FIRST).json["next_cursor"]
    return found


@pytest.mark.parametrize(
    "query",
    [
        "status=todo&sort=title",
        "sort=title&status=todo",
        "status=todo&sort=title&limit=100",
        "status=todo&sort=title&limit=1&include_total=true",
    ],
    ids=["as it was", "in another order", "another limit", "with the total"],
)
def test_cursor_continues_its_list(ann: Client, cursor: str, query: str) -> None:
    response = ann.get(f"tasks?{query}&cursor={cursor}")

    assert titles(response)[0] == "b"


@pytest.mark.one_database
def test_cursor_ignores_a_trailing_slash(ann: Client, cursor: str) -> None:
    response = ann.get(f"tasks/?status=todo&sort=title&cursor={cursor}")

    assert titles(response) == ["b", "c"]


@pytest.mark.one_database
@pytest.mark.parametrize(
    "query",
    [
        "sort=title",
        "status=completed&sort=title",
        "status=todo&priority=low&sort=title",
        "status=todo&sort=-title",
        "status=todo&sort=created_at",
        "status=todo",
    ],
    ids=[
        "no filter",
        "another value",
        "one more filter",
        "another direction",
        "another sort",
        "no sort",
    ],
)
def test_cursor_of_another_list_is_rejected(
    ann: Client, cursor: str, query: str
) -> None:
    response = ann.get(f"tasks?{query}&cursor={cursor}")

    assert_problem(response, 422, "invalid-cursor")


@pytest.mark.one_database
def test_cursor_of_another_user_is_rejected(
    ann: Client, bob: Client, cursor: str
) -> None:
    bob.create_task(title="b")

    response = bob.get(f"{FIRST}&cursor={cursor}")

    assert_problem(response, 422, "invalid-cursor")


@pytest.mark.one_database
@pytest.mark.parametrize(
    "modify",
    [
        lambda cursor: cursor[1:],
        lambda cursor: cursor[:-1],
        lambda cursor: cursor[: len(cursor) // 2],
        lambda cursor: cursor[0],
        lambda cursor: cursor.partition(".")[0],
        lambda cursor: "." + cursor,
        lambda cursor: cursor.swapcase(),
        lambda cursor: cursor + "A",
        lambda _: "%F0%9F%98%80",
        lambda _: "W10.AAAA",
        lambda _: "-" * 900,
    ],
    ids=[
        "without its beginning",
        "without its end",
        "a half",
        "one character",
        "unsigned",
        "a point first",
        "case",
        "longer",
        "an emoji",
        "invalid signature",
        "dashes",
    ],
)
def test_modified_cursor_is_rejected(
    ann: Client, cursor: str, modify: Callable[[str], str]
) -> None:
    response = ann.get(f"{FIRST}&cursor={modify(cursor)}")

    assert_problem(response, 422, "invalid-cursor")


@pytest.mark.one_database
def test_cursor_survives_a_rotation_of_the_secret_key(
    ann: Client, cursor: str, app_with: Callable[..., Flask]
) -> None:
    old, new = ann.app.config["JWT_SECRET_KEY"], "fedcba9876543210" * 4
    renewed = Client(app_with(secret_key=new, secret_key_previous=old))
    renewed.tokens = ann.tokens

    response = renewed.get(f"{FIRST}&cursor={cursor}")

    assert titles(response) == ["b"]


@pytest.mark.parametrize(
    "title",
    [
        "".join(chr(0x20000 + 89 * number) for number in range(255)),
        "".join(chr(0x4E00 + 73 * number) for number in range(255)),
        '\\"' * 127,
    ],
    ids=["outside the BMP", "Chinese", "quotes"],
)
def test_cursor_continues_after_the_longest_title(ann: Client, title: str) -> None:
    [ann.create_task(title=title) for _ in range(3)]

    listed = read_all(ann, "sort=title&limit=1")

    assert [task["title"] for task in listed] == [title] * 3


@pytest.fixture
def twelve(ann: Client) -> list[dict[str, Any]]:
    """Return twelve tasks, half of them with a due date."""
    dates = ["2036-02-10", None, "2036-02-11", None, "2036-01-01", None] * 2
    return [ann.create_task(title=f"{n:02}", due_date=d) for n, d in enumerate(dates)]


def delete_and_create(client: Client, tasks: list[dict[str, Any]]) -> Iterator[None]:
    """Delete one of the tasks and create others in each step."""
    for task in tasks:
        client.delete(f"tasks/{task['id']}")
        client.create_task(title="05x", due_date="2036-02-10", priority="high")
        client.create_task(title="new")
        yield


@pytest.mark.parametrize("sort", SORTS)
def test_cursors_return_each_unchanged_task_once(
    ann: Client, twelve: list[dict[str, Any]], sort: str
) -> None:
    steps = delete_and_create(ann, twelve[3:9])

    listed = read_all(ann, f"sort={sort}&limit=3", lambda: next(steps, None))

    ids = [task["id"] for task in listed]
    assert {task["id"] for task in twelve[:3] + twelve[9:]} <= set(ids)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("sort", SORTS)
def test_cursor_continues_after_a_deleted_task(ann: Client, sort: str) -> None:
    [ann.create_task(title=title) for title in "abcdef"]
    whole = ann.get(f"tasks?sort={sort}").json["items"]

    first = ann.get(f"tasks?sort={sort}&limit=3").json
    ann.delete(f"tasks/{first['items'][-1]['id']}")
    rest = ann.get(f"tasks?sort={sort}&cursor={first['next_cursor']}").json

    assert first["items"] + rest["items"] == whole
