"""What the service decides cannot be written, and an attempt changes nothing."""

from typing import Any

import pytest

from tests.support import Client, faults

OF_TASKS = [
    "id",
    "owner_id",
    "is_overdue",
    "completed_at",
    "version",
    "created_at",
    "updated_at",
]
OF_USERS = [
    "id",
    "role",
    "is_active",
    "email_verified",
    "version",
    "created_at",
    "updated_at",
]


@pytest.mark.parametrize("field", OF_TASKS)
def test_a_new_task_takes_no_read_only_field(ann: Client, field: str) -> None:
    refusal = ann.post("tasks", {"title": "Tea", field: 7})

    assert faults(refusal) == {f"#/{field}": "read-only"}
    assert ann.get("tasks").json["items"] == []


@pytest.mark.parametrize("field", OF_TASKS)
def test_a_read_only_field_of_a_task_stays(
    ann: Client, task: dict[str, Any], field: str
) -> None:
    path = f"tasks/{task['id']}"

    refusal = ann.patch(path, {"title": "Tea", field: task[field]})

    assert faults(refusal) == {f"#/{field}": "read-only"}
    assert ann.get(path).json == task


@pytest.mark.parametrize("field", OF_USERS)
def test_a_read_only_field_of_an_account_stays(ann: Client, field: str) -> None:
    account = ann.get("users/me").json

    refusal = ann.patch("users/me", {"full_name": "Ann", field: account[field]})

    assert faults(refusal) == {f"#/{field}": "read-only"}
    assert ann.get("users/me").json == account
