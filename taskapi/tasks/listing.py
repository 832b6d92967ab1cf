"""Statements of the task list, one for each shape of a request.

`plans` has the two forms in which a statement reads the projects of the caller.

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
    literal,
    or_,
    select,
    tuple_,
    union_all,
)

from taskapi.db.compiled import CompiledStatement
from taskapi.tasks.conditions import LIST_PARAMETERS, conditions_of
from taskapi.tasks.models import Task
from taskapi.tasks.plans import (
    Window,
    count,
    filtered_first,
    has_statuses,
    is_selective,
    merged,
)
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
    dialect: str,
    filters: frozenset[str],
    keys: Keys,
    after: tuple[bool, ...],
    *,
    only_ids: bool,
) -> Page:
    """Return the statement of a page.

    `after` contains for each key whether the cursor has a value; it is empty without a
    cursor. With `only_ids` the rows have only the id and the sort columns.
    """
    sorted_by = [Task.id, Task.due_is_day, *(SORTS[key.name] for key in keys)]
    columns = tuple(sorted_by if only_ids else COLUMNS)
    groups = product(*(GROUPS.get(key.name, [Group()]) for key in keys))
    found = (_conditions(filters, keys, group, after) for group in groups)
    parts = [part for part in found if part is not None]
    select_part = (filtered_first if is_selective(filters) else merged)[dialect]
    if len(parts) == 1:
        window = Window(bindparam("limit"), bindparam("offset"))
        rows = select_part(columns, filters, keys, parts[0], window)
        return Page(_ready(rows, filters, keys), has_parts=False)
    window = Window(bindparam("most"), literal(0))
    selected = (select_part(columns, filters, keys, part, window) for part in parts)
    statement = union_all(*(select(part.subquery()) for part in selected))
    return Page(_ready(statement, filters, keys), has_parts=True)


@lru_cache(maxsize=MAX_CACHED_STATEMENTS)
def total(filters: frozenset[str]) -> Statement:
    """Return the statement that counts the list."""
    return _ready(count(filters, conditions_of(filters)), filters, ())


def _ready(
    statement: Select[Any] | CompoundSelect[Any], filters: frozenset[str], keys: Keys
) -> Statement:
    lists = LIST_PARAMETERS - ({"status"} if has_statuses(filters, keys) else set())
    return statement if filters & lists else CompiledStatement(statement)


def _conditions(
    filters: frozenset[str],
    keys: Keys,
    groups: Sequence[Group],
    after: tuple[bool, ...],
) -> list[Condition] | None:
    """Return the conditions of one group per key; None if all precede the cursor."""
    beyond = _beyond(keys, groups, after) if after else ()
    if beyond is None:
        return None
    in_groups = [condition for group in groups for condition in group.conditions]
    names = filters - ({"status"} if has_statuses(filters, keys) else set())
    return [and_(*conditions_of(frozenset(names)), *in_groups, *beyond)]


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
