"""Statistics of the tasks of an account, and of the whole service."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, func, literal, select

from taskapi import clock, db
from taskapi.clock import current_day
from taskapi.db import replica
from taskapi.db.types import UtcDateTime
from taskapi.projects import access
from taskapi.projects.models import PROJECT_NOT_DELETED, Project
from taskapi.tasks.models import NOT_DELETED, Task, TaskPriority, TaskStatus
from taskapi.tasks.queries import NOW, TODAY, overdue
from taskapi.typing import Caller, Fields
from taskapi.users.models import USER_NOT_DELETED, Role, User

RECENT = timedelta(days=7)
SINCE = bindparam("since", type_=UtcDateTime)


def _count(condition: ColumnElement[bool], name: str) -> ColumnElement[int]:
    return func.count().filter(condition).label(name)


def _counts(today: ColumnElement[object]) -> list[ColumnElement[int]]:
    return [
        func.count().label("total"),
        *(_count(Task.status == status, status) for status in TaskStatus),
        *(_count(Task.priority == priority, priority) for priority in TaskPriority),
        _count(overdue(NOW, today), "overdue"),
        _count(Task.created_at >= SINCE, "created"),
        _count(Task.completed_at >= SINCE, "recently_completed"),
    ]


VISIBLE = select(*_counts(TODAY)).where(
    Task.project_id.in_(access.visible_projects()), NOT_DELETED
)
ACCOUNTS_BY_TIMEZONE = (
    select(
        User.timezone,
        func.count().label("total"),
        _count(User.is_active.is_(True), "active"),
        _count(User.role == Role.ADMIN, "admins"),
    )
    .where(USER_NOT_DELETED)
    .group_by(User.timezone)
)


def get_task_stats(caller: Caller, project: int | str | None = None) -> Fields:
    """Return the numbers of the tasks that the caller may read."""
    parameters = access.parameters(caller) | access.scope(
        caller, access.chosen(caller, project)
    )
    parameters["since"] = clock.now() - RECENT
    return _stats(db.read(VISIBLE, parameters)[0])


def get_service_stats() -> Fields:
    """Return the numbers of all accounts and of all their tasks.

    They are read from the replica, if there is one: the queries read every row, and
    the result may be half a minute old.
    """
    accounts = replica.read(ACCOUNTS_BY_TIMEZONE)
    now = clock.now()
    zones = {row.timezone for row in accounts}
    days = {zone: current_day(now, zone) for zone in zones}
    stored = {zone: literal(day, UtcDateTime) for zone, day in days.items()}
    # Dates of shared projects, which have no time zone, are compared in UTC.
    utc = literal(current_day(now, "UTC"), UtcDateTime)
    today = case(stored, value=User.timezone, else_=utc)
    tasks = (
        select(*_counts(today))
        .join(Project, Project.id == Task.project_id)
        .outerjoin(User, User.id == Project.personal_user_id)
        .where(NOT_DELETED, PROJECT_NOT_DELETED, USER_NOT_DELETED)
    )
    counted = replica.read(tasks, {"now": now, "since": now - RECENT})[0]
    names = ("total", "active", "admins")
    users = {name: sum(getattr(row, name) for row in accounts) for name in names}
    return {"users": users, "tasks": _stats(counted)}


def _stats(row: Any) -> Fields:
    return {
        "total": row.total,
        "by_status": {status: getattr(row, status) for status in TaskStatus},
        "by_priority": {priority: getattr(row, priority) for priority in TaskPriority},
        "overdue": row.overdue,
        "created_last_7_days": row.created,
        "completed_last_7_days": row.recently_completed,
    }
