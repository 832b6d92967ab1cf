"""Figures: how many tasks there are of each kind, for their owner and for admins."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, func, literal, select

from taskapi import clock, db
from taskapi.db import AnyRow, replica
from taskapi.db.types import UtcDateTime
from taskapi.tasks.local_days import current_day, midnight
from taskapi.tasks.models import NOT_DELETED, Priority, Status, Task
from taskapi.tasks.queries import NOW, OWNER, TODAY, overdue, owned
from taskapi.tasks.reading import moments
from taskapi.users.models import USER_NOT_DELETED, Role, User

LATELY = timedelta(days=7)
SINCE = bindparam("since", type_=UtcDateTime)


def _number(condition: ColumnElement[bool], name: str) -> ColumnElement[int]:
    return func.count().filter(condition).label(name)


def _kinds(today: Any) -> list[ColumnElement[int]]:
    return [
        func.count().label("total"),
        *(_number(Task.status == status, status) for status in Status),
        *(_number(Task.priority == priority, priority) for priority in Priority),
        _number(overdue(NOW, today), "overdue"),
        _number(Task.created_at >= SINCE, "created"),
        _number(Task.completed_at >= SINCE, "completed_lately"),
    ]


OWN = select(*_kinds(TODAY)).where(owned(OWNER), NOT_DELETED)
ACCOUNTS = (
    select(
        User.timezone,
        func.count().label("total"),
        _number(User.is_active.is_(True), "active"),
        _number(User.role == Role.ADMIN, "admins"),
    )
    .where(USER_NOT_DELETED)
    .group_by(User.timezone)
)


def of_owner(caller: Any) -> dict[str, Any]:
    """Return the figures of the caller's tasks."""
    since = {"since": clock.now() - LATELY}
    return _figures(db.read(OWN, moments(caller) | since)[0])


def of_everyone() -> dict[str, Any]:
    """Return the figures of all accounts, and of all their tasks."""
    accounts = replica.read(ACCOUNTS)
    now = clock.now()
    zones = {row.timezone for row in accounts}
    days = {zone: midnight(current_day(now, zone)) for zone in zones}
    stored = {zone: literal(day, UtcDateTime) for zone, day in days.items()}
    today = case(stored, value=User.timezone)
    tasks = (
        select(*_kinds(today))
        .join(User, User.id == Task.owner_id)
        .where(NOT_DELETED, USER_NOT_DELETED)
    )
    counted = replica.read(tasks, {"now": now, "since": now - LATELY})[0]
    names = ("total", "active", "admins")
    users = {name: sum(getattr(row, name) for row in accounts) for name in names}
    return {"users": users, "tasks": _figures(counted)}


def _figures(row: AnyRow) -> dict[str, Any]:
    return {
        "total": row.total,
        "by_status": {status: getattr(row, status) for status in Status},
        "by_priority": {priority: getattr(row, priority) for priority in Priority},
        "overdue": row.overdue,
        "created_last_7_days": row.created,
        "completed_last_7_days": row.completed_lately,
    }
