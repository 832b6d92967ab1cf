"""Statistics of an account, and of the service for administrators."""

from typing import Any

import pytest

from tests.api_keys.clients import key_client
from tests.helpers.cli import run
from tests.helpers.client import Client, assert_problem
from tests.helpers.rows import store_user
from tests.tasks.support import at

EMPTY = {
    "total": 0,
    "by_status": {"todo": 0, "in_progress": 0, "completed": 0, "cancelled": 0},
    "by_priority": {"low": 0, "medium": 0, "high": 0, "urgent": 0},
    "overdue": 0,
    "created_last_7_days": 0,
    "completed_last_7_days": 0,
}


def stats(client: Client) -> dict[str, Any]:
    response = client.get("tasks/stats")
    assert response.status_code == 200, response.text
    counted: dict[str, Any] = response.json
    return counted


def service_stats(client: Client) -> dict[str, Any]:
    response = client.get("tasks/admin/stats")
    assert response.status_code == 200, response.text
    counted: dict[str, Any] = response.json
    return counted


@pytest.fixture
def admin(ann: Client) -> Client:
    """Return a client that is logged in as an administrator."""
    run(ann.app, "users", "promote", "ann@example.org")
    return ann.log_in()


@pytest.fixture
def tasks(ann: Client, bob: Client) -> list[dict[str, Any]]:
    """Return different tasks of Ann; Bob has a task, too."""
    bob.create_task(status="completed", priority="urgent", due_date="2020-01-01")
    subtasks = [{"title": "b", "status": "completed", "priority": "low"}]
    top = ann.create_task(status="in_progress", priority="high", subtasks=subtasks)
    late = ann.create_task(due_date="2020-01-01T00:00:00Z")
    done = ann.create_task(due_date="2020-01-01", status="cancelled", priority="urgent")
    return [top, late, done]


COUNTED = {
    "total": 4,
    "by_status": {"todo": 1, "in_progress": 1, "completed": 1, "cancelled": 1},
    "by_priority": {"low": 1, "medium": 1, "high": 1, "urgent": 1},
    "overdue": 1,
    "created_last_7_days": 4,
    "completed_last_7_days": 1,
}


def test_stats_of_an_empty_account_are_zero(ann: Client) -> None:
    assert stats(ann) == EMPTY


def test_stats_count_the_callers_tasks_by_kind(
    ann: Client, tasks: list[dict[str, Any]]
) -> None:
    assert stats(ann) == COUNTED


def test_trash_is_not_counted(ann: Client, tasks: list[dict[str, Any]]) -> None:
    [ann.delete(f"tasks/{task['id']}") for task in tasks]
    empty = stats(ann)

    ann.post(f"tasks/{tasks[0]['id']}/restore")

    assert empty == EMPTY
    assert (stats(ann)["total"], stats(ann)["completed_last_7_days"]) == (2, 1)


def test_reopened_task_is_not_recently_completed(ann: Client) -> None:
    task = ann.create_task(status="completed")

    ann.patch(f"tasks/{task['id']}", {"status": "todo"})

    assert stats(ann)["completed_last_7_days"] == 0


@pytest.mark.parametrize(
    ("timestamp", "recent"),
    [
        ("2040-06-08T12:00:00+00:00", 1),
        ("2040-06-08T11:59:59.999999+00:00", 0),
        ("2040-06-15T12:00:00+00:00", 1),
    ],
    ids=["seven days", "a microsecond more", "now"],
)
def test_recent_means_seven_days(admin: Client, timestamp: str, recent: int) -> None:
    with at(timestamp, admin):
        admin.create_task(status="completed")

    with at("2040-06-15T12:00:00+00:00", admin):
        shown = [stats(admin), service_stats(admin)["tasks"]]

    names = ("created_last_7_days", "completed_last_7_days", "total")
    assert [[s[name] for name in names] for s in shown] == [[recent, recent, 1]] * 2


@pytest.mark.parametrize(
    ("timezone", "timestamp", "overdue"),
    [
        ("Pacific/Kiritimati", "2040-06-15T09:59:59+00:00", 0),
        ("Pacific/Kiritimati", "2040-06-15T10:00:00+00:00", 1),
        ("UTC", "2040-06-15T23:59:59+00:00", 0),
        ("UTC", "2040-06-16T00:00:00+00:00", 1),
        ("Pacific/Pago_Pago", "2040-06-16T10:59:59+00:00", 0),
        ("Pacific/Pago_Pago", "2040-06-16T11:00:00+00:00", 1),
    ],
)
def test_overdue_count_uses_the_time_zone_of_the_owner(
    ann: Client, timezone: str, timestamp: str, overdue: int
) -> None:
    ann.patch("users/me", {"timezone": timezone})
    ann.create_task(due_date="2040-06-15")

    with at(timestamp, ann):
        counted, listed = stats(ann), ann.get("tasks?overdue=true")

    assert counted["overdue"] == len(listed.json["items"]) == overdue


@pytest.mark.parametrize(
    ("timestamp", "overdue"),
    [
        ("2040-06-15T09:59:59+00:00", 0),
        ("2040-06-15T10:00:00+00:00", 1),
        ("2040-06-16T10:59:59+00:00", 1),
        ("2040-06-16T11:00:00+00:00", 2),
    ],
)
def test_service_stats_use_the_time_zone_of_each_owner(
    admin: Client, bob: Client, timestamp: str, overdue: int
) -> None:
    admin.patch("users/me", {"timezone": "Pacific/Pago_Pago"})
    bob.patch("users/me", {"timezone": "Pacific/Kiritimati"})
    [one.create_task(due_date="2040-06-15") for one in (admin, bob)]

    with at(timestamp, admin):
        counted = service_stats(admin)

    assert counted["tasks"]["overdue"] == overdue


def test_service_stats_count_all_accounts_and_tasks(
    admin: Client, bob: Client, tasks: list[dict[str, Any]]
) -> None:
    Client(admin.app, "cleo").register()
    store_user(bob, is_active=False)

    counted = service_stats(admin)

    assert counted["users"] == {"total": 3, "active": 2, "admins": 1}
    assert counted["tasks"]["total"] == 5
    assert counted["tasks"]["by_status"]["completed"] == 2
    assert counted["tasks"]["by_priority"]["urgent"] == 2


def test_service_stats_exclude_the_trash(admin: Client) -> None:
    task = admin.create_task(due_date="2020-01-01", status="todo")

    admin.delete(f"tasks/{task['id']}")

    assert service_stats(admin)["tasks"] == EMPTY


@pytest.mark.one_database
def test_service_stats_require_an_admin(ann: Client, anonymous: Client) -> None:
    assert_problem(ann.get("tasks/admin/stats"), 403, "admin-required")
    assert_problem(anonymous.get("tasks/admin/stats"), 401, "token-missing")
    assert_problem(anonymous.get("tasks/stats"), 401, "token-missing")


@pytest.mark.one_database
def test_stats_require_the_scope(admin: Client) -> None:
    reader, other = key_client(admin, "tasks:read"), key_client(admin, "account:read")
    admin_key = key_client(admin, "admin")

    assert stats(reader) == EMPTY
    assert service_stats(admin_key)["users"]["admins"] == 1
    assert_problem(reader.get("tasks/admin/stats"), 403, "insufficient-scope")
    assert_problem(other.get("tasks/stats"), 403, "insufficient-scope")


@pytest.mark.one_database
@pytest.mark.parametrize("path", ["tasks/stats", "tasks/admin/stats"])
def test_stats_reject_parameters(admin: Client, path: str) -> None:
    assert_problem(admin.get(f"{path}?status=todo"), 422, "validation-error")


@pytest.mark.parametrize(("path", "count"), [("stats", 2), ("admin/stats", 3)])
def test_stats_need_a_constant_number_of_statements(
    admin: Client, bob: Client, statements: list[str], path: str, count: int
) -> None:
    bob.patch("users/me", {"timezone": "Asia/Tokyo"})
    [client.create_task(tags=["x"]) for client in (admin, bob, bob)]
    statements.clear()

    admin.get(f"tasks/{path}")

    assert len(statements) == count
