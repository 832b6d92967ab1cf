"""Selects of tasks: built once for each shape, run with values.

`owned` is the one gate: no statement reaches a task around it.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    tuple_,
)

from taskapi.db import UtcDateTime
from taskapi.tasks.models import OPEN, Priority, Task

RANKS = {priority: rank for rank, priority in enumerate(Priority)}

SORTS: dict[str, Any] = {
    "created_at": Task.created_at,
    "updated_at": Task.updated_at,
    "due_date": Task.due_at,
    "priority": case(RANKS, value=Task.priority),
    "title": Task.title,
}
NULLABLE = {"due_date"}


def owned(owner_id: int | BindParameter[int]) -> ColumnElement[bool]:
    """Return the condition that a caller may see a task."""
    return Task.owner_id == owner_id


def overdue(now: Any, today: Any) -> ColumnElement[bool]:
    """Return the condition that a task is overdue; `today` is the owner's day."""
    due_before = case((Task.due_is_day, today), else_=now)
    return and_(Task.status.in_(OPEN), func.coalesce(Task.due_at < due_before, False))


NOW = bindparam("now", type_=UtcDateTime)
TODAY = bindparam("today", type_=UtcDateTime)
OWNER: BindParameter[int] = bindparam("owner_id")
COLUMNS = [*Task.__table__.c, overdue(NOW, TODAY).label("is_overdue")]

ONE = select(*COLUMNS).where(owned(OWNER), Task.id == bindparam("task_id"))

FILTERS: dict[str, ColumnElement[bool]] = {
    "status": Task.status.in_(bindparam("status", expanding=True)),
    "priority": Task.priority.in_(bindparam("priority", expanding=True)),
    "ids": Task.id.in_(bindparam("ids", expanding=True)),
    "overdue": overdue(NOW, TODAY) == bindparam("overdue", type_=Boolean),
    **{
        f"{name}_{side}": condition
        for name, column in {
            "due": Task.due_at,
            "created": Task.created_at,
            "updated": Task.updated_at,
            "completed": Task.completed_at,
        }.items()
        for side, condition in {
            "before": column < bindparam(f"{name}_before"),
            "after": column >= bindparam(f"{name}_after"),
        }.items()
    },
}


@lru_cache(maxsize=1024)
def page(filters: frozenset[str], sort: str, after: str) -> Select[Any]:
    """Return a page of the list; `after` says how its cursor looks.

    It is "" without a cursor, "value" after a row with a value of the sort's column,
    "null" after one without.
    """
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    key = SORTS[name]
    order = [key.desc(), Task.id.desc()] if descending else [key, Task.id]
    if name in NULLABLE:
        order.insert(0, key.is_(None))
    statement = _matching(filters).add_columns(key.label("position")).order_by(*order)
    if after:
        statement = statement.where(_beyond(name, after, descending=descending))
    return statement.limit(bindparam("limit")).offset(bindparam("offset"))


@lru_cache(maxsize=1024)
def total(filters: frozenset[str]) -> Select[Any]:
    """Return the count of the list."""
    return select(func.count()).select_from(_matching(filters).subquery())


def _matching(filters: frozenset[str]) -> Select[Any]:
    conditions = [FILTERS[name] for name in sorted(filters)]
    return select(*COLUMNS).where(owned(OWNER), *conditions)


def _beyond(name: str, after: str, *, descending: bool) -> ColumnElement[bool]:
    """Return the condition that a row comes after the cursor."""
    key = SORTS[name]
    value = bindparam("after_value", type_=key.type)
    seen = bindparam("after_id", type_=Task.id.type)
    if after == "null":
        beyond_id = Task.id < seen if descending else Task.id > seen
        return and_(key.is_(None), beyond_id)
    row, cursor = tuple_(key, Task.id), tuple_(value, seen)
    beyond = row < cursor if descending else row > cursor
    return or_(beyond, key.is_(None)) if name in NULLABLE else beyond
