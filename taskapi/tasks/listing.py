"""Statements of the task list, one for each shape of a request.

`plans` has the forms in which a statement reads the projects of the caller.

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
    case,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)

from taskapi.db.compiled import CompiledStatement
from taskapi.tasks import plans, sqlite_plans
from taskapi.tasks.conditions import LIST_PARAMETERS, OF_SOME_VALUES, conditions_of
from taskapi.tasks.models import Task
from taskapi.tasks.plans import WINDOW, Plan, Window, first_rows, follows
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
Part = tuple[Plan, Sequence[Condition]]


class Shape(NamedTuple):
    """A kind of list; `after` has for each key whether the cursor has a value."""

    dialect: str
    filters: frozenset[str]
    keys: Keys
    after: tuple[bool, ...] = ()


class Page(NamedTuple):
    """Statement of a page; the rows of several parts must be merged."""

    statement: Statement
    has_parts: bool


def has_parts(keys: Keys) -> bool:
    """Return whether a list in this order is read in several parts."""
    return any(key.name in GROUPS for key in keys)


@lru_cache(maxsize=MAX_CACHED_STATEMENTS)
def page(shape: Shape, limit: int | None, *, only_ids: bool = False) -> Page:
    """Return the statement of a page, with `only_ids` of the ids and sort columns only.

    Without `limit` the number of rows is a parameter. PostgreSQL assumes that it is a
    tenth of all rows, and plans again for each request (a list of 20: 0.65 instead of
    0.28 ms of its CPU time).
    """
    dialect, filters, keys, after = shape
    values = plans.conditions_of_rows(filters, keys) & OF_SOME_VALUES
    is_fixed = limit and not values
    window = first_rows(literal_column(str(limit))) if is_fixed else WINDOW
    sorted_by = [Task.id, Task.due_is_day, *(SORTS[key.name] for key in keys)]
    columns = tuple(sorted_by if only_ids else COLUMNS)
    groups = product(*(GROUPS.get(key.name, [Group()]) for key in keys))
    found = [(group, _conditions(filters, keys, group, after)) for group in groups]
    parts = [
        (plan_of(dialect, filters, keys, group, only_ids=only_ids), where)
        for group, where in found
        if where is not None
    ]
    if len(parts) == 1:
        ((plan, where),) = parts
        rows = plan(columns, filters, keys, where, window)
        return Page(_ready(rows, filters, keys), has_parts=False)
    statement = _union(columns, filters, keys, parts, window.most)
    return Page(_ready(statement, filters, keys), has_parts=True)


def _union(
    columns: Sequence[Expression],
    filters: frozenset[str],
    keys: Keys,
    parts: Sequence[Part],
    most: Expression,
) -> CompoundSelect[Any]:
    """Select the first rows of several parts.

    By one key, tasks without a value are read only if the others do not fill the page.
    """
    window = first_rows(most)
    if len(keys) > 1:
        return _union_all(columns, filters, keys, parts, window)
    valued = _union_all(columns, filters, keys, parts[:-1], window).cte()
    number = select(func.count()).select_from(valued).scalar_subquery()
    rest = case((number < most, most), else_=0)
    last = _union_all(columns, filters, keys, parts[-1:], first_rows(rest))
    return union_all(select(valued), select(last.subquery()))


def _union_all(
    columns: Sequence[Expression],
    filters: frozenset[str],
    keys: Keys,
    parts: Sequence[Part],
    window: Window,
) -> CompoundSelect[Any]:
    selected = (plan(columns, filters, keys, where, window) for plan, where in parts)
    return union_all(*(select(part.subquery()) for part in selected))


def plan_of(
    dialect: str,
    filters: frozenset[str],
    keys: Keys,
    groups: Sequence[Group] = (),
    *,
    only_ids: bool = False,
) -> Plan:
    """Return the function that selects a part of a page."""
    if plans.reads_one_project(filters, keys):
        return plans.of_one_project
    if dialect == "sqlite":
        has_values = not any(group.is_empty for group in groups)
        return sqlite_plans.plan_of(
            filters, keys, has_values=has_values, only_ids=only_ids
        )
    return plans.by_filter if plans.is_selective(filters) else plans.lateral


@lru_cache(maxsize=MAX_CACHED_STATEMENTS)
def total(filters: frozenset[str]) -> Statement:
    """Return the statement that counts the list."""
    where = conditions_of(plans.conditions_of_rows(filters, ()))
    return _ready(plans.count(filters, where), filters, ())


def _ready(
    statement: Select[Any] | CompoundSelect[Any], filters: frozenset[str], keys: Keys
) -> Statement:
    lists = LIST_PARAMETERS - (
        {"status"} if plans.has_statuses(filters, keys) else set()
    )
    return statement if filters & lists else CompiledStatement(statement)


def _conditions(
    filters: frozenset[str],
    keys: Keys,
    groups: Sequence[Group],
    after: tuple[bool, ...],
) -> list[Condition] | None:
    """Return the conditions of one group per key, then those of the cursor.

    None if all tasks of the groups precede the cursor.
    """
    beyond = _beyond(keys, groups, after) if after else ()
    if beyond is None:
        return None
    in_groups = [condition for group in groups for condition in group.conditions]
    names = plans.conditions_of_rows(filters, keys)
    return [and_(*conditions_of(names), *in_groups), *beyond]


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
        later.append(and_(*equal, follows(column, bound, key)))
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
        return (follows(tuple_(*columns), tuple_(*bounds), keys[-1]),)
    reached = bounds[0] >= columns[0] if keys[0].descending else bounds[0] <= columns[0]
    return (reached, or_(*later, and_(*equal, follows(Task.id, AFTER_ID, keys[-1]))))


def _bound(number: int, key: Key, group: Group) -> Expression:
    """Return the parameter that a value of the group is compared with."""
    suffix = "_day" if group.is_day else ""
    return bindparam(f"after_{number}{suffix}", type_=SORTS[key.name].type)
