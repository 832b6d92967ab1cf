"""Statements of the task list, one for each shape of a request.

A page is read in parts, each in the order of an index. Tasks with a value of a sort key
and tasks without one are separate parts. So are due days and due timestamps, since a
database cannot sort days by the instant at which they begin in the time zone of the
caller. Each part has the order of the whole list, so a page reads at most as many rows
of a part as it shows.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    union_all,
)

from taskapi.db.compiled import CompiledStatement
from taskapi.tasks.conditions import LIST_PARAMETERS, matching
from taskapi.tasks.models import Task
from taskapi.tasks.queries import COLUMNS, MAX_CACHED_STATEMENTS, NO_DUE_DATE
from taskapi.tasks.sorting import SORTS, Key, Keys

AFTER_ID = bindparam("after_id", type_=Task.id.type)
Condition = ColumnElement[bool]
Expression = SQLColumnExpression[Any]
Comparison = tuple[Expression, Expression, Key]
Statement = Select[Any] | CompoundSelect[Any] | CompiledStatement


class Group(NamedTuple):
    """Tasks with one kind of value of a sort key."""

    conditions: tuple[SQLColumnExpression[bool], ...] = ()
    is_empty: bool = False
    is_day: bool = False


GROUPS = {
    "due_date": [
        Group((Task.due_is_day,), is_day=True),
        Group((~Task.due_is_day, Task.due_at.is_not(None))),
        Group((NO_DUE_DATE,), is_empty=True),
    ],
    "completed_at": [
        Group((Task.completed_at.is_not(None),)),
        Group((Task.completed_at.is_(None),), is_empty=True),
    ],
}


class Page(NamedTuple):
    """Statement of a page; the rows of several parts must be merged."""

    statement: Statement
    has_parts: bool


def has_parts(keys: Keys) -> bool:
    """Return whether a list in this order is read in several parts."""
    return any(key.name in GROUPS for key in keys)


@lru_cache(maxsize=MAX_CACHED_STATEMENTS)
def page(
    filters: frozenset[str], keys: Keys, after: tuple[bool, ...], *, only_ids: bool
) -> Page:
    """Return the statement of a page.

    `after` contains for each key whether the cursor has a value; it is empty without a
    cursor. With `only_ids` the rows have only the id and the sort columns.
    """
    sorted_by = [Task.id, Task.due_is_day, *(SORTS[key.name] for key in keys)]
    columns = tuple(sorted_by if only_ids else COLUMNS)
    groups = product(*(GROUPS.get(key.name, [Group()]) for key in keys))
    found = (_part(columns, filters, keys, group, after) for group in groups)
    parts = [part for part in found if part is not None]
    if len(parts) == 1:
        (only,) = parts
        rows = only.limit(bindparam("limit")).offset(bindparam("offset"))
        return Page(_ready(rows, filters), has_parts=False)
    limited = [select(part.limit(bindparam("most")).subquery()) for part in parts]
    return Page(_ready(union_all(*limited), filters), has_parts=True)


@lru_cache(maxsize=MAX_CACHED_STATEMENTS)
def total(filters: frozenset[str]) -> Statement:
    """Return the statement that counts the list."""
    number = select(func.count().label("total")).select_from(Task)
    return _ready(matching(number, filters), filters)


def _ready(
    statement: Select[Any] | CompoundSelect[Any], filters: frozenset[str]
) -> Statement:
    return statement if filters & LIST_PARAMETERS else CompiledStatement(statement)


def _part(
    columns: Sequence[Expression],
    filters: frozenset[str],
    keys: Keys,
    groups: Sequence[Group],
    after: tuple[bool, ...],
) -> Select[Any] | None:
    """Select the tasks of one group per key; None if all precede the cursor."""
    beyond = _beyond(keys, groups, after) if after else ()
    if beyond is None:
        return None
    conditions = [condition for group in groups for condition in group.conditions]
    rows = matching(select(*columns), filters).where(*conditions, *beyond)
    sorts: list[Expression] = [SORTS[key.name] for key in keys]
    if "q" in filters:
        # No index has this expression. The database does not know how rare a word is
        # and would otherwise read the whole list in order instead of using the search
        # index (a search without a match among a million tasks: 4 instead of 1,069 ms).
        sorts[0] = func.coalesce(sorts[0], sorts[0])
    ordered = [_ordered(c, key) for c, key in zip(sorts, keys, strict=True)]
    return rows.order_by(*ordered, _ordered(Task.id, keys[-1]))


def _ordered(column: Expression, key: Key) -> Expression:
    return column.desc() if key.descending else column.asc()


def _beyond(
    keys: Keys, groups: Sequence[Group], after: tuple[bool, ...]
) -> Sequence[Condition] | None:
    """Return the conditions for a task of these groups to follow the cursor.

    The first key that differs decides. None if no task of the groups follows it.
    """
    later: list[Condition] = []
    equal: list[Condition] = []
    compared: list[Comparison] = []
    for number, (key, group, has_value) in enumerate(
        zip(keys, groups, after, strict=True)
    ):
        if group.is_empty and not has_value:
            continue
        if group.is_empty:
            return (or_(*later, and_(*equal)),) if equal else ()
        if not has_value:
            return (or_(*later),) if later else None
        column, bound = SORTS[key.name], _bound(number, key, group)
        compared.append((column, bound, key))
        later.append(and_(*equal, _follows(column, bound, key)))
        equal.append(column == bound)
    return _beyond_row([*compared, (Task.id, AFTER_ID, keys[-1])], later, equal)


def _beyond_row(
    compared: Sequence[Comparison],
    later: Sequence[Condition],
    equal: Sequence[Condition],
) -> Sequence[Condition]:
    """Compare with the row of the cursor, in a form that an index serves if possible.

    Rows are compared as tuples where all keys have the same direction.
    """
    columns, bounds, keys = zip(*compared, strict=True)
    if len({key.descending for key in keys}) == 1:
        return (_follows(tuple_(*columns), tuple_(*bounds), keys[-1]),)
    reached = bounds[0] >= columns[0] if keys[0].descending else bounds[0] <= columns[0]
    return (reached, or_(*later, and_(*equal, _follows(Task.id, AFTER_ID, keys[-1]))))


def _bound(number: int, key: Key, group: Group) -> Expression:
    """Return the parameter that a value of the group is compared with."""
    suffix = "_day" if group.is_day else ""
    return bindparam(f"after_{number}{suffix}", type_=SORTS[key.name].type)


def _follows(column: Expression, bound: Expression, key: Key) -> Condition:
    follows: Condition = column < bound if key.descending else column > bound
    return follows
