"""Selects of tasks: built once for each shape, run with values.

`owned` is the one gate: no statement reaches a task around it.
"""

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
    tuple_,
    union_all,
    update,
)

from taskapi.columns import Joined, UtcDateTime, constant
from taskapi.prepared import Prepared
from taskapi.tasks.models import (
    GONE,
    LIVE,
    MOST_TAGS,
    OPEN,
    Status,
    Task,
    table,
    task_tags,
)
from taskapi.tasks.words import Matches

SORTS: dict[str, ColumnElement[Any]] = {
    "created_at": Task.__table__.c.created_at,
    "updated_at": Task.__table__.c.updated_at,
    "due_date": Task.__table__.c.due_at,
    "priority": Task.__table__.c.priority,
    "title": Task.__table__.c.title,
}
NULLABLE = {"due_date"}
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

ONE = Prepared(
    select(*COLUMNS).where(owned(OWNER), LIVE, Task.id == bindparam("task_id"))
)
SOME = select(*COLUMNS).where(
    owned(OWNER), Task.id.in_(bindparam("ids", expanding=True))
)


@lru_cache(maxsize=1024)
def revision(columns: frozenset[str]) -> Prepared:
    """Return the change of some columns of a task that has the version `seen` still."""
    one = (Task.id == bindparam("task_id"), Task.version == bindparam("seen"))
    changed = update(table).where(owned(OWNER), LIVE, *one)
    return Prepared(changed.returning(*COLUMNS), columns=sorted(columns))


def _tagged(number: int) -> ColumnElement[bool]:
    return Task.id.in_(
        select(task_tags.c.task_id).where(
            task_tags.c.owner_id == OWNER,
            task_tags.c.key == bindparam(f"tag_{number}"),
        )
    )


FILTERS: dict[str, ColumnElement[bool]] = {
    "status": Task.status.in_(bindparam("status", expanding=True)),
    "priority": Task.priority.in_(bindparam("priority", expanding=True)),
    "ids": Task.id.in_(bindparam("ids", expanding=True)),
    "external_id": Task.external_id == bindparam("external_id"),
    "parent_id": Task.parent_id == bindparam("parent_id"),
    "top_level": Task.parent_id.is_(None),
    "overdue": and_(Task.due_at < LATEST, overdue(NOW, TODAY)),
    "not_overdue": ~overdue(NOW, TODAY),
    "q": Matches(Task.words, Task.id),
    **{f"tag_{number}": _tagged(number) for number in range(MOST_TAGS)},
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
def page(filters: frozenset[str], sort: str, after: str) -> Select[Any] | Prepared:
    """Return a page of the list; `after` says how its cursor looks.

    It is "" without a cursor, "value" after a row with a value of the sort's column,
    "null" after one without. Rows with a value and rows without are read apart, since
    an index has the ones before the others only in one direction.

    What a search finds is sorted by an expression that no index has: the database does
    not know how rare a word is, and would walk the whole list for its order.
    """
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    key = SORTS[name]
    first = func.coalesce(key, key) if "q" in filters else key
    rows = _matching(filters).add_columns(key.label("position"))
    valued = rows.where(*_beyond(key, after, descending=descending))
    order = _ordered([first, Task.id], descending=descending)
    if name not in NULLABLE:
        return _ready(_window(valued.order_by(*order)), filters)
    empty = rows.where(key.is_(None), *_beyond_id(after, descending=descending))
    parts = [_first(empty.order_by(*order))]
    if after != "null":
        parts.insert(0, _first(valued.where(key.is_not(None)).order_by(*order)))
    both = union_all(*parts).subquery()
    sorts = _ordered([both.c.position, both.c.id], descending=descending)
    every = _window(select(both).order_by(both.c.position.is_(None), *sorts))
    return _ready(every, filters)


@lru_cache(maxsize=1024)
def total(filters: frozenset[str]) -> Select[Any] | Prepared:
    """Return the count of the list."""
    number = select(func.count().label("total")).select_from(Task)
    return _ready(_conditions(number, filters), filters)


def _ready(statement: Select[Any], filters: frozenset[str]) -> Select[Any] | Prepared:
    return statement if filters & LISTS else Prepared(statement)


def _matching(filters: frozenset[str]) -> Select[Any]:
    return _conditions(select(*COLUMNS), filters)


def _conditions(statement: Select[Any], filters: frozenset[str]) -> Select[Any]:
    where = [FILTERS[name] for name in sorted(filters - {"deleted"})]
    place = GONE if "deleted" in filters else LIVE
    return statement.where(_mine(filters), place, *where)


def _mine(filters: frozenset[str]) -> ColumnElement[bool]:
    """Return the gate, for a search without an index: the words have the owner too.

    SQLite would read all of the owner's tasks rather than ask the words first.
    """
    if "q" in filters:
        return func.coalesce(Task.owner_id, Task.owner_id) == OWNER
    return owned(OWNER)


def _ordered(keys: list[Any], *, descending: bool) -> list[ColumnElement[Any]]:
    return [key.desc() if descending else key.asc() for key in keys]


def _first(statement: Select[Any]) -> Select[Any]:
    """Read no more of a part than the window can show."""
    most: BindParameter[int] = bindparam("most")
    return select(statement.limit(most).subquery())


def _window(statement: Select[Any]) -> Select[Any]:
    return statement.limit(bindparam("limit")).offset(bindparam("offset"))


def _beyond(
    key: ColumnElement[Any], after: str, *, descending: bool
) -> list[ColumnElement[bool]]:
    """Return the condition that a row with a value comes after the cursor."""
    if after != "value":
        return []
    value = bindparam("after_value", type_=key.type)
    row = tuple_(key, Task.id)
    cursor = tuple_(value, bindparam("after_id", type_=Task.id.type))
    return [row < cursor if descending else row > cursor]


def _beyond_id(after: str, *, descending: bool) -> list[ColumnElement[bool]]:
    """Return the condition that a row without a value comes after the cursor."""
    if after != "null":
        return []
    seen = bindparam("after_id", type_=Task.id.type)
    return [Task.id < seen if descending else Task.id > seen]
