"""Read-only fields: accepted with their current value, rejected with another."""

from typing import Any

import pytest

from tests.api_keys.clients import create_key
from tests.helpers.cli import run
from tests.helpers.client import Client, assert_problem, field_errors

pytestmark = pytest.mark.one_database

TASK_FIELDS = {
    "id": 7,
    "owner_id": 0,
    "is_overdue": True,
    "progress": 1,
    "subtask_count": 1,
    "completed_at": "2026-01-01T00:00:00Z",
    "deleted_at": "2026-01-01T00:00:00Z",
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": None,
}
USER_FIELDS = {
    "id": 0,
    "role": "admin",
    "is_active": False,
    "email_verified": True,
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "today",
}
both_verbs = pytest.mark.parametrize("verb", ["PATCH", "PUT"])
task_fields = pytest.mark.parametrize(
    ("field", "other"), TASK_FIELDS.items(), ids=TASK_FIELDS
)


@pytest.fixture
def full_task(ann: Client) -> dict[str, Any]:
    """Return a task with a value for every writable field."""
    created = ann.create_task(
        description="Twice",
        due_date="2036-12-24",
        tags=["b", "a"],
        external_id="x",
        subtasks=[{"title": "Fill the can", "status": "completed"}],
    )
    task: dict[str, Any] = ann.get(f"tasks/{created['id']}").json
    return task


@pytest.mark.parametrize("field", [*TASK_FIELDS, "version"])
def test_new_task_has_no_read_only_field(ann: Client, field: str) -> None:
    rejected = ann.post("tasks", {"title": "Tea", field: TASK_FIELDS.get(field, 1)})

    assert field_errors(rejected) == {f"#/{field}": "read-only"}
    assert ann.get("tasks").json["items"] == []


@both_verbs
@pytest.mark.parametrize(
    ("field", "value"),
    [("title", "Tea"), ("due_date", None), ("tags", ["c"]), ("status", "completed")],
)
def test_task_is_sent_back_with_one_field_changed(
    ann: Client, full_task: dict[str, Any], verb: str, field: str, value: Any
) -> None:
    path = f"tasks/{full_task['id']}"

    changed = ann.call(verb, path, json=full_task | {field: value})

    assert changed.status_code == 200, changed.text
    assert changed.json[field] == value
    assert changed.json["version"] == full_task["version"] + 1
    assert ann.call(verb, path, json=ann.get(path).json).json == ann.get(path).json


@both_verbs
def test_unchanged_task_keeps_its_version(
    ann: Client, full_task: dict[str, Any], verb: str
) -> None:
    sent_back = ann.call(verb, f"tasks/{full_task['id']}", json=full_task)

    assert (sent_back.status_code, sent_back.json) == (200, full_task)


@both_verbs
@task_fields
def test_task_rejects_another_value_of_a_read_only_field(
    ann: Client, full_task: dict[str, Any], verb: str, field: str, other: Any
) -> None:
    path = f"tasks/{full_task['id']}"
    other = not full_task[field] if field == "is_overdue" else other
    other = 0 if field in {"progress", "subtask_count"} else other

    rejected = ann.call(verb, path, json=full_task | {field: other, "title": "Tea"})

    assert field_errors(rejected) == {f"#/{field}": "read-only"}
    assert ann.get(path).json == full_task


@both_verbs
def test_task_rejects_another_version_as_if_match_does(
    ann: Client, full_task: dict[str, Any], verb: str
) -> None:
    path = f"tasks/{full_task['id']}"
    newest = ann.patch(path, {"description": "Thrice"}).json

    stale = ann.call(verb, path, json=full_task | {"title": "Tea"})
    alone = ann.call(verb, path, json={"version": 9, "title": "Tea"})
    against = ann.call(
        verb, path, json={"version": 2, "title": "Tea"}, headers={"If-Match": '"1"'}
    )

    for rejected in (stale, alone, against):
        problem = assert_problem(rejected, 412, "precondition-failed")
        assert problem["current_version"] == 2
    assert ann.get(path).json == newest


@pytest.mark.parametrize("version", ["1", True, 1.0, None, [1]])
def test_version_of_another_type_is_rejected(
    ann: Client, task: dict[str, Any], version: Any
) -> None:
    rejected = ann.patch(f"tasks/{task['id']}", {"title": "Tea", "version": version})

    if version == 1.0 and not isinstance(version, bool):
        assert rejected.status_code == 200
    else:
        assert field_errors(rejected) == {"#/version": "read-only"}


def test_equal_timestamp_in_another_format_is_ignored(
    ann: Client, task: dict[str, Any]
) -> None:
    created_at = task["created_at"].replace("Z", "+00:00")

    changed = ann.patch(
        f"tasks/{task['id']}", {"created_at": created_at, "progress": 0, "title": "Tea"}
    )

    assert changed.status_code == 200, changed.text


def test_true_differs_from_a_number(ann: Client, task: dict[str, Any]) -> None:
    path = f"tasks/{task['id']}"

    rejected = ann.patch(path, {"subtask_count": False, "is_overdue": 0})

    assert field_errors(rejected) == {
        "#/is_overdue": "read-only",
        "#/subtask_count": "read-only",
    }


def test_read_only_members_reveal_nothing_about_foreign_tasks(
    ann: Client, bob: Client, task: dict[str, Any]
) -> None:
    foreign = bob.put(f"tasks/{task['id']}", task)
    update = {"id": task["id"], "owner_id": task["owner_id"], "title": "Tea"}
    in_bulk = bob.post("tasks/bulk", {"update": [update]})

    assert_problem(foreign, 404, "not-found")
    assert field_errors(in_bulk) == {"#/update/0/id": "not-found"}


def test_bulk_accepts_tasks_as_they_were_read(
    ann: Client, full_task: dict[str, Any], statements: list[str]
) -> None:
    page = ann.get("tasks").json["items"]
    statements.clear()

    changed = ann.post(
        "tasks/bulk", {"update": [task | {"priority": "urgent"} for task in page]}
    )

    assert changed.status_code == 200, changed.text
    assert {task["priority"] for task in changed.json["updated"]} == {"urgent"}
    assert len([text for text in statements if "is_overdue" in text]) == 2


@pytest.mark.parametrize("field", sorted(TASK_FIELDS.keys() - {"id"}))
def test_bulk_rejects_another_value_of_a_read_only_field(
    ann: Client, full_task: dict[str, Any], field: str
) -> None:
    other = TASK_FIELDS[field]
    other = not full_task[field] if field == "is_overdue" else other
    other = 0 if field in {"progress", "subtask_count"} else other
    first = ann.create_task()

    rejected = ann.post("tasks/bulk", {"update": [first, full_task | {field: other}]})

    assert field_errors(rejected) == {f"#/update/1/{field}": "read-only"}


def test_bulk_rejects_another_version(ann: Client, full_task: dict[str, Any]) -> None:
    ann.patch(f"tasks/{full_task['id']}", {"description": "Thrice"})

    rejected = ann.post("tasks/bulk", {"update": [full_task | {"title": "Tea"}]})

    problem = assert_problem(rejected, 412, "precondition-failed")
    assert problem["current_version"] == 2
    assert [e["pointer"] for e in problem["errors"]] == ["#/update/0/version"]


@pytest.mark.parametrize(("version", "status"), [(1, 200), (2, 412)])
def test_bulk_version_guards_a_change(
    strict_ann: Client, task: dict[str, Any], version: int, status: int
) -> None:
    update = {"id": task["id"], "version": version, "title": "Tea"}

    assert strict_ann.post("tasks/bulk", {"update": [update]}).status_code == status


@both_verbs
def test_account_is_sent_back_with_one_field_changed(ann: Client, verb: str) -> None:
    account = ann.get("users/me").json

    changed = ann.call(verb, "users/me", json=account | {"full_name": "Ann"})

    assert (changed.status_code, changed.json["full_name"]) == (200, "Ann")
    stale = ann.call(verb, "users/me", json=account | {"full_name": "Bea"})
    assert assert_problem(stale, 412, "precondition-failed")["current_version"] == 2


@both_verbs
@pytest.mark.parametrize(("field", "other"), USER_FIELDS.items(), ids=USER_FIELDS)
def test_account_rejects_another_value_of_a_read_only_field(
    ann: Client, verb: str, field: str, other: Any
) -> None:
    account = ann.get("users/me").json

    rejected = ann.call(verb, "users/me", json=account | {field: other})

    assert field_errors(rejected) == {f"#/{field}": "read-only"}
    assert ann.get("users/me").json == account


def test_administrator_sends_an_account_back(ann: Client, bob: Client) -> None:
    run(ann.app, "users", "promote", "ann@example.org")
    ann.log_in()
    path = f"users/{bob.user['id']}"
    account = ann.get(path).json

    changed = ann.patch(path, account | {"role": "admin"})

    assert (changed.status_code, changed.json["role"]) == (200, "admin")
    stale = ann.patch(path, account | {"is_active": False})
    assert_problem(stale, 412, "precondition-failed")
    other = ann.patch(path, {"email": "else@example.org"})
    assert field_errors(other) == {"#/email": "read-only"}


@pytest.mark.parametrize("expires_at", [None, "2098-01-01T00:00:00Z"])
def test_api_key_is_sent_back_with_one_field_changed(
    ann: Client, expires_at: str | None
) -> None:
    options = {"expires_at": expires_at} if expires_at else {}
    path = f"api-keys/{create_key(ann, **options)['id']}"
    key = ann.get(path).json

    changed = ann.patch(path, key | {"name": "Renamed"})

    assert (changed.status_code, changed.json["name"]) == (200, "Renamed")
    rejected = ann.patch(path, key | {"scopes": ["tasks:read"], "name": "n"})
    assert field_errors(rejected) == {"#/scopes": "read-only"}
