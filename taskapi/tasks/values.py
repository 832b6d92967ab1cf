"""From the fields of a request to the columns of a task."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from taskapi.tasks.local_days import midnight
from taskapi.tasks.models import Status, Task
from taskapi.tasks.search import indexed

APART = {"id", "if_version", "version", "due_date", "tags", "subtasks"}
"""Fields that are no column of the same name."""

DEFAULTS = {
    column.key: getattr(column.default, "arg", None)
    for column in Task.__table__.c
    if column.key != "id"
}


def first(owner_id: int, fields: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the columns of a new task."""
    columns = _columns(fields, completed_at=now)
    words = indexed(owner_id, fields["title"], fields.get("description"))
    moments = {"created_at": now, "updated_at": now}
    return DEFAULTS | {"owner_id": owner_id, "words": words} | moments | columns


def changed(task: Any, fields: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the columns that the fields change, none if they change none."""
    given = _columns(fields, completed_at=task.completed_at or now)
    columns = {n: value for n, value in given.items() if getattr(task, n) != value}
    if {"title", "description"} & set(columns):
        texts = [columns.get(n, getattr(task, n)) for n in ("title", "description")]
        columns["words"] = indexed(task.owner_id, *texts)
    return columns


def _columns(fields: Mapping[str, Any], *, completed_at: datetime) -> dict[str, Any]:
    """Translate fields: a due date is two columns, a status implies one more."""
    columns = {name: value for name, value in fields.items() if name not in APART}
    if "due_date" in fields:
        due = fields["due_date"]
        is_day = due is not None and not isinstance(due, datetime)
        columns |= {"due_at": midnight(due) if is_day else due, "due_is_day": is_day}
    if "status" in fields:
        done = fields["status"] is Status.COMPLETED
        columns["completed_at"] = completed_at if done else None
    return columns
