"""Exported files can be imported again."""

from typing import Any

import pytest

from tests.helpers.client import Client
from tests.import_export.files import (
    TYPES,
    export_file,
    exported_tasks,
    import_file,
    json_lines,
    parse_lines,
)

SPECIAL: list[dict[str, Any]] = [
    {"title": '=HYPERLINK("http://example.org")', "external_id": "=1+1"},
    {"title": "'=was quoted before", "description": "-1\r\n+2"},
    {"title": "''", "description": "\t tab, \"quotes\" and 'more'"},
    {"title": "a,b;c", "description": "two\n\nlines\r"},
    {"title": "\uff1dwide", "tags": ["@home", "+1"], "description": "\u2028"},
    {"title": "Tee ☕ 😀", "due_date": "2026-12-24"},
    {"title": "+49 30 123", "due_date": "2026-12-24T18:00:00+01:00"},
    {"title": "@all", "status": "completed", "priority": "urgent"},
    {"title": "x" * 255, "description": "é" * 10_000, "status": "cancelled"},
]
forms = pytest.mark.parametrize("form", TYPES)


@pytest.fixture
def account(ann: Client) -> Client:
    """Return a client with tasks of all kinds, one with a newer parent."""
    child = ann.create_task(title="Books", external_id="b-1", tags=["b", "a"])
    parent = ann.create_task(title="Pack", subtasks=[{"title": "Rent a van"}])
    ann.patch(f"tasks/{child['id']}", {"parent_id": parent["id"]})
    ann.post("tasks/bulk", {"create": SPECIAL})
    return ann


@forms
def test_exported_file_can_be_imported_by_another_account(
    account: Client, bob: Client, form: str
) -> None:
    response = import_file(bob, export_file(account, form), TYPES[form])

    assert response == {"created": 12, "skipped": 0, "truncated": []}
    assert exported_tasks(bob) == exported_tasks(account)
    assert len(exported_tasks(bob)) == 12


@forms
def test_repeated_import_skips_tasks_with_external_ids(
    account: Client, bob: Client, form: str
) -> None:
    keyed = [line for line in parse_lines(export_file(account)) if line["external_id"]]
    file = json_lines(*({**line, "parent_id": None} for line in keyed))
    import_file(bob, file)

    again = import_file(bob, export_file(bob, form), TYPES[form])

    assert again == {"created": 0, "skipped": 2, "truncated": []}
    assert len(exported_tasks(bob)) == 2


def test_export_excludes_the_trash(ann: Client, task: dict[str, Any]) -> None:
    ann.delete(f"tasks/{task['id']}")

    assert export_file(ann) == ""


def test_export_excludes_tasks_of_other_accounts(ann: Client, bob: Client) -> None:
    ann.create_task(title="Mine")

    assert (len(exported_tasks(ann)), exported_tasks(bob)) == (1, [])


def test_import_keeps_timestamps_except_updated_at(ann: Client) -> None:
    made, done = "2020-01-01T10:00:00Z", "2020-02-01T10:00:00.5Z"
    times = {"created_at": made, "completed_at": done, "updated_at": done}

    import_file(ann, json_lines({"title": "Old", "status": "completed"} | times))

    (task,) = ann.get("tasks").json["items"]
    assert task["created_at"] == made
    assert task["completed_at"] == "2020-02-01T10:00:00.500000Z"
    assert task["updated_at"] > "2026"


def test_imported_tasks_are_searchable_and_counted(ann: Client) -> None:
    tasks = [{"title": "Fix hose", "tags": ["Garden"]}, {"title": "Sow"}]

    import_file(ann, json_lines(*tasks))

    found = ann.get("tasks?q=hos&tag=garden").json["items"]
    assert [task["title"] for task in found] == ["Fix hose"]
    assert ann.get("tasks/stats").json["total"] == 2
