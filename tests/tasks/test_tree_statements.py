"""Number of SQL statements of trees and bulk operations.

The first loads the caller, and the last checks the caller before the commit.
"""

from typing import Any

import pytest

from tests.helpers.client import Client
from tests.tasks.trees import chain, make_chain


def uses_postgresql(client: Client) -> bool:
    """Return whether one INSERT can return the ids of several rows."""
    url: str = client.app.extensions["settings"].database_url
    return url.startswith("postgresql")


def mixed(client: Client, count: int) -> dict[str, Any]:
    """Return a bulk request with `count` changes of each kind on existing tasks."""
    fields = {"title": "Old", "tags": ["a"], "subtasks": [{"title": "Below"}]}
    made = [client.create_task(**fields)["id"] for _ in range(2 * count)]
    return {
        "create": [{"title": f"New {n}", "tags": ["a", "b"]} for n in range(count)],
        "update": [{"id": i, "title": f"{i}", "tags": ["b"]} for i in made[:count]],
        "delete": made[count:],
    }


@pytest.mark.one_database
@pytest.mark.parametrize("size", [10, 60])
@pytest.mark.parametrize(
    ("kind", "count"), [("create", 9), ("update", 10), ("delete", 5)]
)
def test_bulk_statements_do_not_depend_on_its_size(
    ann: Client, statements: list[str], kind: str, size: int, count: int
) -> None:
    request = {kind: mixed(ann, size)[kind]}
    statements.clear()

    ann.post("tasks/bulk", request)

    one_by_one = kind == "create" and not uses_postgresql(ann)
    assert len(statements) == count + (size - 1) * one_by_one


@pytest.mark.parametrize("size", [3, 20])
def test_bulk_of_all_kinds_needs_seventeen_statements(
    ann: Client, statements: list[str], size: int
) -> None:
    request = mixed(ann, size)
    statements.clear()

    ann.post("tasks/bulk", request)

    assert len(statements) == 17 + (size - 1) * (not uses_postgresql(ann))


@pytest.mark.parametrize("levels", [1, 3, 10])
def test_tree_needs_one_query(ann: Client, statements: list[str], levels: int) -> None:
    top = make_chain(ann, levels)[0]
    statements.clear()

    shown = ann.get(f"tasks/{top}?expand=subtasks")

    assert shown.status_code == 200
    assert len(statements) == 2


@pytest.mark.parametrize("levels", [2, 5, 10])
def test_tree_creation_needs_one_statement_per_level(
    ann: Client, statements: list[str], levels: int
) -> None:
    statements.clear()

    ann.post("tasks", chain(levels))

    inserts = [text for text in statements if text.startswith("INSERT INTO tasks ")]
    assert len(inserts) == levels
    assert len(statements) == 8 + levels


@pytest.mark.parametrize("width", [1, 50, 100])
def test_wide_tree_needs_no_additional_statements(
    ann: Client, statements: list[str], width: int
) -> None:
    subtasks = [{"title": f"Step {n}", "tags": ["a"]} for n in range(width)]
    statements.clear()

    ann.post("tasks", {"title": "Shop", "subtasks": subtasks})

    assert len(statements) == 12 + (width - 1) * (not uses_postgresql(ann))


@pytest.mark.parametrize("levels", [1, 10])
@pytest.mark.parametrize(
    ("operation", "count"),
    [("DELETE {}", 5), ("DELETE {}?permanent=true", 6), ("PATCH {}", 3)],
    ids=["trash", "permanently", "change"],
)
def test_write_in_a_tree_needs_no_additional_statements(
    ann: Client, statements: list[str], levels: int, operation: str, count: int
) -> None:
    top = make_chain(ann, levels)[0]
    method, _, path = operation.format(f"tasks/{top}").partition(" ")
    statements.clear()

    ann.call(method, path, json={"title": "Tea"})

    assert len(statements) == count


@pytest.mark.parametrize("levels", [1, 10])
def test_restore_statements_do_not_depend_on_the_tree(
    ann: Client, statements: list[str], levels: int
) -> None:
    top = make_chain(ann, levels)[0]
    ann.delete(f"tasks/{top}")
    statements.clear()

    ann.post(f"tasks/{top}/restore")

    assert len(statements) == 7


@pytest.mark.parametrize(("before", "count"), [(0, 6), (1, 4)], ids=["first", "replay"])
def test_idempotency_key_needs_few_additional_statements(
    ann: Client, statements: list[str], before: int, count: int
) -> None:
    key = {"Idempotency-Key": "one"}
    [ann.post("tasks", {"title": "Tea"}, headers=key) for _ in range(before)]
    statements.clear()

    ann.post("tasks", {"title": "Tea"}, headers=key)

    assert len(statements) == count
