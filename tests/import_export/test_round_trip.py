"""What was taken out goes in again: nobody is locked in."""

from typing import Any

import pytest

from tests.import_export.files import TYPES, brought, kept, read, taken, written
from tests.support import Client

NASTY: list[dict[str, Any]] = [
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
    """Return Ann, with all that a task can have; a parent that is younger, too."""
    child = ann.make_task(title="Books", external_id="b-1", tags=["b", "a"])
    parent = ann.make_task(title="Pack", subtasks=[{"title": "Rent a van"}])
    ann.patch(f"tasks/{child['id']}", {"parent_id": parent["id"]})
    ann.post("tasks/bulk", {"create": NASTY})
    return ann


@forms
def test_another_account_gets_the_same_tasks(
    account: Client, bob: Client, form: str
) -> None:
    answer = brought(bob, taken(account, form), TYPES[form])

    assert answer == {"created": 12, "skipped": 0, "truncated": []}
    assert kept(bob) == kept(account)
    assert len(kept(bob)) == 12


@forms
def test_the_same_file_does_not_double_what_has_an_external_id(
    account: Client, bob: Client, form: str
) -> None:
    keyed = [line for line in read(taken(account)) if line["external_id"]]
    file = written(*({**line, "parent_id": None} for line in keyed))
    brought(bob, file)

    again = brought(bob, taken(bob, form), TYPES[form])

    assert again == {"created": 0, "skipped": 2, "truncated": []}
    assert len(kept(bob)) == 2


def test_the_trash_stays_behind(ann: Client, task: dict[str, Any]) -> None:
    ann.delete(f"tasks/{task['id']}")

    assert taken(ann) == ""


def test_nobody_gets_the_tasks_of_others(ann: Client, bob: Client) -> None:
    ann.make_task(title="Mine")

    assert (len(kept(ann)), kept(bob)) == (1, [])


def test_times_are_kept_but_that_of_the_change(ann: Client) -> None:
    made, done = "2020-01-01T10:00:00Z", "2020-02-01T10:00:00.5Z"
    times = {"created_at": made, "completed_at": done, "updated_at": done}

    brought(ann, written({"title": "Old", "status": "completed"} | times))

    (task,) = ann.get("tasks").json["items"]
    assert task["created_at"] == made
    assert task["completed_at"] == "2020-02-01T10:00:00.500000Z"
    assert task["updated_at"] > "2026"


def test_what_comes_in_is_found_and_counted(ann: Client) -> None:
    tasks = [{"title": "Mend hose", "tags": ["Garden"]}, {"title": "Sow"}]

    brought(ann, written(*tasks))

    found = ann.get("tasks?q=hos&tag=garden").json["items"]
    assert [task["title"] for task in found] == ["Mend hose"]
    assert ann.get("tasks/stats").json["total"] == 2
