"""The rules of tasks."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, literal

from taskapi import clock, db, versioned
from taskapi.db import AnyRow, UtcDateTime
from taskapi.errors import NotFound
from taskapi.paging import Window
from taskapi.tasks import queries
from taskapi.tasks.models import Status, Task


def create(caller: Any, fields: dict[str, Any]) -> AnyRow:
    """Make a task of the caller's."""
    now = clock.now()
    values = _columns(fields, completed_at=now)
    values |= {"owner_id": caller.id, "created_at": now, "updated_at": now}
    return versioned.create(Task, values, _answer(caller))


def find(caller: Any, task_id: int) -> AnyRow:
    """Return a task; raises NotFound."""
    found = db.read(queries.ONE, _moments(caller) | {"task_id": task_id})
    if not found:
        raise NotFound
    return found[0]


def find_page(
    caller: Any, filters: dict[str, Any], sort: str, window: Window
) -> Sequence[AnyRow]:
    """Return a page of the caller's tasks, and one more row if there are more."""
    value, row_id = window.after or (None, None)
    kind = "" if row_id is None else "null" if value is None else "value"
    cursor = {"after_value": value, "after_id": row_id} if row_id else {}
    paging = {"limit": window.limit + 1, "offset": window.offset}
    statement = queries.page(frozenset(filters), sort, kind)
    return db.read(statement, _moments(caller) | filters | cursor | paging)


def count(caller: Any, filters: dict[str, Any]) -> int:
    """Return how many tasks match."""
    statement = queries.total(frozenset(filters))
    ((total,),) = db.read(statement, _moments(caller) | filters)
    return int(total)


def change(
    caller: Any,
    task_id: int,
    changes: dict[str, Any],
    versions: versioned.Versions = None,
) -> AnyRow:
    """Set the fields that are given; raises NotFound or PreconditionFailed."""
    completed_at = func.coalesce(Task.completed_at, clock.now())
    values = _columns(changes, completed_at=completed_at)
    scope = _one(caller, task_id)
    return versioned.change(Task, scope, values, versions, _answer(caller))


def delete(caller: Any, task_id: int, versions: versioned.Versions = None) -> None:
    """Delete a task; raises NotFound or PreconditionFailed."""
    versioned.remove(Task, _one(caller, task_id), versions)


def _one(caller: Any, task_id: int) -> ColumnElement[bool]:
    return and_(queries.owned(caller.id), Task.id == task_id)


def _columns(fields: dict[str, Any], *, completed_at: Any) -> dict[str, Any]:
    """Translate fields into columns: a due date is two, a status implies one more."""
    values = dict(fields)
    if "due_date" in values:
        due = values.pop("due_date")
        is_day = due is not None and not isinstance(due, datetime)
        values |= {"due_at": _midnight(due) if is_day else due, "due_is_day": is_day}
    if "status" in values:
        done = values["status"] is Status.COMPLETED
        values["completed_at"] = completed_at if done else None
    return values


def _moments(caller: Any) -> dict[str, Any]:
    """Return the parameters of every read: whose tasks, and when is now for them."""
    now = clock.now()
    today = _midnight(now.astimezone(ZoneInfo(caller.timezone)).date())
    return {"owner_id": caller.id, "now": now, "today": today}


def _answer(caller: Any) -> list[ColumnElement[Any]]:
    moments = _moments(caller)
    now, today = (literal(moments[name], UtcDateTime) for name in ("now", "today"))
    return [*Task.__table__.c, queries.overdue(now, today).label("is_overdue")]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
