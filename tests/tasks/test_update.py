"""Updates: merge patch, null values, and changes without effect."""

from typing import Any

import pytest

from tests.helpers.client import Client, field_errors
from tests.tasks.support import at

MERGE = {"Content-Type": "application/merge-patch+json"}
WRITABLE = {
    "title": "Repot the plants",
    "description": "The big ones",
    "status": "cancelled",
    "priority": "low",
    "due_date": "2036-12-25",
}

either_method = pytest.mark.parametrize("method", ["PATCH", "PUT"])


@pytest.fixture
def task(ann: Client) -> dict[str, Any]:
    """Return a task with a value in every field."""
    return ann.create_task(
        description="All of them",
        status="in_progress",
        priority="high",
        due_date="2036-12-24T18:00:00Z",
    )


@either_method
@pytest.mark.parametrize("field", WRITABLE)
def test_update_keeps_omitted_fields(
    ann: Client, task: dict[str, Any], method: str, field: str
) -> None:
    path = f"tasks/{task['id']}"

    changed = ann.call(method, path, json={field: WRITABLE[field]}).json

    meant = {field: WRITABLE[field], "version": 2, "updated_at": changed["updated_at"]}
    assert changed == task | meant
    assert ann.get(path).json == changed


@either_method
@pytest.mark.parametrize("field", ["description", "due_date"])
def test_update_with_null_clears_a_field(
    ann: Client, task: dict[str, Any], method: str, field: str
) -> None:
    path = f"tasks/{task['id']}"

    changed = ann.call(method, path, json={field: None}).json

    assert changed == task | {
        field: None,
        "version": 2,
        "updated_at": changed["updated_at"],
    }


@pytest.mark.one_database
@either_method
@pytest.mark.parametrize("field", ["title", "status", "priority"])
def test_update_with_null_is_rejected_for_required_fields(
    ann: Client, task: dict[str, Any], method: str, field: str
) -> None:
    path = f"tasks/{task['id']}"

    response = ann.call(method, path, json={field: None, "description": None})

    assert field_errors(response) == {f"#/{field}": "null"}
    assert ann.get(path).json == task


@pytest.mark.one_database
@either_method
def test_update_accepts_the_merge_patch_media_type(
    ann: Client, task: dict[str, Any], method: str
) -> None:
    changed = ann.call(
        method, f"tasks/{task['id']}", data='{"title": "Tea"}', headers=MERGE
    )

    assert changed.status_code == 200
    assert changed.json["title"] == "Tea"


@either_method
def test_update_raises_the_version_by_one(
    ann: Client, task: dict[str, Any], method: str
) -> None:
    path = f"tasks/{task['id']}"

    first = ann.call(method, path, json={"title": "One", "priority": "low"})
    second = ann.call(method, path, json={"title": "Two"})

    assert [first.json["version"], second.json["version"]] == [2, 3]
    assert [first.headers["ETag"], second.headers["ETag"]] == ['"2"', '"3"']


def test_update_changes_updated_at_and_keeps_created_at(
    ann: Client, task: dict[str, Any]
) -> None:
    changed = ann.patch(f"tasks/{task['id']}", {"title": "Tea"}).json

    assert changed["updated_at"] > task["updated_at"]
    assert changed["created_at"] == task["created_at"]


@either_method
@pytest.mark.parametrize(
    "same",
    [
        {},
        {"title": "  Water the plants "},
        {"description": "All of them"},
        {"status": "in_progress"},
        {"priority": "high"},
        {"due_date": "2036-12-24T18:00:00Z"},
        {"due_date": "2036-12-24T20:00:00.000+02:00"},
    ],
    ids=["none", "title", "description", "status", "priority", "date", "offset"],
)
def test_update_without_effect_keeps_the_version(
    ann: Client, task: dict[str, Any], method: str, same: dict[str, str]
) -> None:
    path = f"tasks/{task['id']}"

    unchanged = ann.call(method, path, json=same)

    assert (unchanged.status_code, unchanged.json) == (200, task)
    assert unchanged.headers["ETag"] == '"1"'
    assert ann.get(path).json == task


def test_due_day_differs_from_its_midnight(ann: Client) -> None:
    task = ann.create_task(due_date="2036-12-24")

    changed = ann.patch(f"tasks/{task['id']}", {"due_date": "2036-12-24T00:00:00Z"})

    assert changed.json["due_date"] == "2036-12-24T00:00:00Z"
    assert changed.json["version"] == 2


@either_method
@pytest.mark.parametrize("before", ["todo", "in_progress", "cancelled"])
def test_completion_sets_completed_at(ann: Client, method: str, before: str) -> None:
    task = ann.create_task(status=before)

    with at("2040-06-15T12:00:00+00:00", ann):
        done = ann.call(method, f"tasks/{task['id']}", json={"status": "completed"})

    assert done.json["completed_at"] == "2040-06-15T12:00:00Z"
    assert done.json["updated_at"] == done.json["completed_at"]


@either_method
@pytest.mark.parametrize("after", ["todo", "in_progress", "cancelled"])
def test_reopening_clears_completed_at(ann: Client, method: str, after: str) -> None:
    task = ann.create_task(status="completed")

    resumed = ann.call(method, f"tasks/{task['id']}", json={"status": after})

    assert resumed.json["status"] == after
    assert resumed.json["completed_at"] is None


@pytest.mark.parametrize(
    "change",
    [{"title": "Tea"}, {"status": "completed", "title": "Tea"}],
    ids=["by another field", "with the status repeated"],
)
def test_completed_task_keeps_completed_at(ann: Client, change: dict[str, str]) -> None:
    task = ann.create_task(status="completed")

    changed = ann.patch(f"tasks/{task['id']}", change)

    assert changed.json["title"] == "Tea"
    assert changed.json["completed_at"] == task["completed_at"]


def test_rejected_update_changes_no_field(ann: Client, task: dict[str, Any]) -> None:
    path = f"tasks/{task['id']}"

    response = ann.patch(path, {"title": "Tea", "priority": "huge", "due_date": "soon"})

    assert field_errors(response) == {"#/priority": "choice", "#/due_date": "format"}
    assert ann.get(path).json == task
