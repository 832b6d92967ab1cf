"""Selects of tasks: built once for each shape, run with values.

`owned` is the one gate: no statement reaches a task around it.
"""

import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    or_,
    select,
    true,
    update,
)

from taskapi.db.compiled import CompiledStatement
from taskapi.db.types import Joined, UtcDateTime, constant
from taskapi.tasks.models import (
    IN_TRASH,
    MAX_TAGS,
    NOT_DELETED,
    OPEN,
    Status,
    Task,
    table,
    task_tags,
)
from taskapi.tasks.search import Matches
from taskapi.users import credentials

CACHED = 64
"""How many statements of each kind are kept; each takes about 100 kB."""

LISTS = {"status", "priority", "ids"}
"""Filters whose parameter is a list."""


def owned(owner_id: int | BindParameter[int]) -> ColumnElement[bool]:
    """Return the condition that a caller may see a task."""
    return Task.owner_id == owner_id


def overdue(now: Any, today: Any) -> ColumnElement[bool]:
    """Return the condition that a task is overdue; `today` is the owner's day."""
    due_before = case((Task.due_is_day, today), else_=now)
    late = func.coalesce(Task.due_at < due_before, false())
    return and_(or_(*(Task.status == constant(status) for status in OPEN)), late)


NO_DUE_DATE = and_(~Task.due_is_day, Task.due_at.is_(None))
EITHER_KIND = Task.due_is_day.in_((true(), false()))
"""True of every task, so that an index that begins with this column can be used."""

NOW = bindparam("now", type_=UtcDateTime)
TODAY = bindparam("today", type_=UtcDateTime)
LATEST = bindparam("latest", type_=UtcDateTime)
OWNER: BindParameter[int] = bindparam("whose")

# without their id: SQLite's RETURNING names no tables, and it is the task's there
subtasks = select(Task.parent_id, Task.status, Task.deleted_at).subquery("subtasks")
_subtask_count = select(func.count()).where(
    subtasks.c.parent_id == Task.id, subtasks.c.deleted_at.is_(None)
)
TAGS = (
    select(Joined(task_tags.c.name))
    .where(task_tags.c.task_id == Task.id)
    .scalar_subquery()
    .label("tags")
)
SUBTASK_COUNT = _subtask_count.scalar_subquery().label("subtask_count")
DONE_COUNT = (
    _subtask_count.where(subtasks.c.status == constant(Status.COMPLETED))
    .scalar_subquery()
    .label("done_count")
)
STORED = [column for column in Task.__table__.c if column.key != "words"]
COLUMNS = [
    *STORED,
    TAGS,
    SUBTASK_COUNT,
    DONE_COUNT,
    overdue(NOW, TODAY).label("is_overdue"),
]

ONE = CompiledStatement(
    select(*COLUMNS).where(owned(OWNER), NOT_DELETED, Task.id == bindparam("task_id"))
)
SOME = select(*COLUMNS).where(
    owned(OWNER), Task.id.in_(bindparam("ids", expanding=True))
)


@lru_cache(maxsize=CACHED)
def revision(columns: frozenset[str]) -> CompiledStatement:
    """Return the change of some columns of a task that still has the version `seen`."""
    one = (Task.id == bindparam("task_id"), Task.version == bindparam("seen"))
    changed = update(table).where(owned(OWNER), NOT_DELETED, *one, credentials.valid())
    return CompiledStatement(changed.returning(*COLUMNS), columns=sorted(columns))


def _tagged(number: int) -> ColumnElement[bool]:
    return Task.id.in_(
        select(task_tags.c.task_id).where(
            task_tags.c.owner_id == OWNER,
            task_tags.c.key == bindparam(f"tag_{number}"),
        )
    )


def _due(name: str, compare: Callable[[Any, Any], Any]) -> ColumnElement[bool]:
    """Compare days with a day and timestamps with a timestamp, both by one index."""
    day, instant, either = (
        bindparam(f"{name}{suffix}", type_=UtcDateTime)
        for suffix in ("_day", "", "_either")
    )
    bound = case((Task.due_is_day, day), else_=instant)
    return and_(EITHER_KIND, compare(Task.due_at, either), compare(Task.due_at, bound))


FILTERS: dict[str, ColumnElement[bool]] = {
    "status": Task.status.in_(bindparam("status", expanding=True)),
    "priority": Task.priority.in_(bindparam("priority", expanding=True)),
    "ids": Task.id.in_(bindparam("ids", expanding=True)),
    "external_id": Task.external_id == bindparam("external_id"),
    "parent_id": Task.parent_id == bindparam("parent_id"),
    "top_level": Task.parent_id.is_(None),
    "overdue": and_(EITHER_KIND, Task.due_at < LATEST, overdue(NOW, TODAY)),
    "not_overdue": ~overdue(NOW, TODAY),
    "q": Matches(Task.words, Task.id),
    "no_due_date": NO_DUE_DATE,
    "due_before": _due("due_before", operator.lt),
    "due_after": _due("due_after", operator.ge),
    **{f"tag_{number}": _tagged(number) for number in range(MAX_TAGS)},
    **{
        f"{name}_{side}": condition
        for name, column in {
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


def matching(statement: Select[Any], filters: frozenset[str]) -> Select[Any]:
    """Return a statement for the tasks of the caller that match the filters."""
    where = [FILTERS[name] for name in sorted(filters - {"deleted"})]
    place = IN_TRASH if "deleted" in filters else NOT_DELETED
    return statement.where(_mine(filters), place, *where)


def _mine(filters: frozenset[str]) -> ColumnElement[bool]:
    """Return the gate, for a search without an index: the words have the owner too.

    SQLite would read all of the owner's tasks rather than ask the words first.
    """
    if "q" in filters:
        return func.coalesce(Task.owner_id, Task.owner_id) == OWNER
    return owned(OWNER)
