"""Number of SQL statements of an operation, including the one that loads the caller."""

from typing import Any

import pytest

from tests.helpers.client import Client

GUARD = {"If-Match": '"1"'}


def test_read_needs_two_statements(
    ann: Client, task: dict[str, Any], statements: list[str]
) -> None:
    statements.clear()

    ann.get(f"tasks/{task['id']}")

    assert len(statements) == 2


@pytest.mark.parametrize("limit", [1, 100])
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 2),
        ("&offset=1", 2),
        ("&page=2", 2),
        ("&status=todo&priority=medium&overdue=false&sort=-due_date", 2),
        ("&include_total=true", 3),
    ],
    ids=["plain", "offset", "page", "filtered", "with the total"],
)
def test_list_statements_do_not_depend_on_its_size(
    ann: Client, statements: list[str], limit: int, query: str, count: int
) -> None:
    [ann.create_task() for _ in range(4)]
    statements.clear()

    listed = ann.get(f"tasks?limit={limit}{query}")

    assert listed.status_code == 200
    assert len(statements) == count


def test_cursor_needs_no_additional_statement(
    ann: Client, statements: list[str]
) -> None:
    [ann.create_task() for _ in range(3)]
    cursor = ann.get("tasks?limit=1").json["next_cursor"]
    statements.clear()

    ann.get(f"tasks?limit=2&cursor={cursor}")

    assert len(statements) == 2


def test_create_needs_two_statements(ann: Client, statements: list[str]) -> None:
    statements.clear()

    ann.create_task()

    assert len(statements) == 2


@pytest.mark.parametrize(
    ("write", "count"),
    [
        (("PATCH", {"title": "Tea"}, {}), 3),
        (("PATCH", {"title": "Tea"}, GUARD), 3),
        (("PUT", {"title": "Tea"}, GUARD), 3),
        (("PATCH", {}, GUARD), 2),
        (("PATCH", {"tags": ["a"]}, {}), 10),
        (("DELETE", None, {}), 5),
        (("DELETE", None, GUARD), 5),
    ],
    ids=["patch", "guarded patch", "put", "nothing", "tags", "delete", "guarded"],
)
def test_write_needs_few_statements(
    ann: Client,
    task: dict[str, Any],
    statements: list[str],
    write: tuple[str, Any, dict[str, str]],
    count: int,
) -> None:
    method, body, headers = write
    statements.clear()

    ann.call(method, f"tasks/{task['id']}", json=body, headers=headers)

    assert len(statements) == count


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "tasks", {}),
        ("PATCH", "tasks/1", {"status": "done"}),
        ("GET", "tasks?limit=0", None),
        ("GET", "tasks?cursor=x", None),
    ],
    ids=["creation", "change", "list", "cursor"],
)
def test_rejected_request_only_loads_the_caller(
    ann: Client,
    statements: list[str],
    method: str,
    path: str,
    body: dict[str, str] | None,
) -> None:
    statements.clear()

    response = ann.call(method, path, json=body)

    assert response.status_code == 422
    assert len(statements) == 1
