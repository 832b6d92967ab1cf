"""The plans of `plans` on SQLite, whose CROSS JOIN fixes the order of tables.

The list by due date merges projects row by row, except tasks without one:

    WITH RECURSIVE merged(project_id, id, position) AS (
      SELECT <the first task of each visible project>
      UNION ALL
      SELECT <the task after the last one in its project> FROM merged
      ORDER BY position, id LIMIT :most)

The ORDER BY is that of the queue: each step takes its first task. Thus as many tasks
are found as there are projects and rows of the page together, instead of a page of each
project. Their due dates are all over the table, and each is a read of its own: with 20
projects of 50,000 tasks a part takes 0.2 instead of 2.5 ms.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    func,
    select,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from taskapi.db.types import CrossJoin
from taskapi.projects import access
from taskapi.tasks.conditions import IN_VISIBLE
from taskapi.tasks.models import ASSIGNED_INDEX, Task, table
from taskapi.tasks.plans import (
    Columns,
    Conditions,
    Plan,
    Window,
    first_keys,
    follows,
    hidden,
    is_selective,
    joined_projects,
    of_membership,
    order,
    page_order,
    sorted_by,
    sorts_assigned,
    window_of,
)
from taskapi.tasks.sorting import SORTS, Key, Keys


def plan_of(
    filters: frozenset[str], keys: Keys, *, has_values: bool, only_ids: bool
) -> Plan:
    """Return the function that selects a part of a page.

    Row by row is slow for rows that an offset skips, of which only the ids are read,
    and by an index of another order, which other filters might have.
    """
    if is_selective(filters):
        return keys_by_filter
    by_due_date = [key.name for key in keys] == ["due_date"] and has_values
    if by_due_date and filters <= {"top_level", "unassigned"} and not only_ids:
        return row_by_row
    return cross_join


def keys_by_filter(
    columns: Columns, _filters: frozenset[str], keys: Keys, where: Conditions, w: Window
) -> Select[Any]:
    """Select a page by the index of a filter: keys first, then the rows.

    SQLite would compute all columns before it sorts: with 444 hits that takes twice as
    long. PostgreSQL sorts first anyway.
    """
    positions = [SORTS[key.name] for key in keys]
    labels = [column.label(f"position_{n}") for n, column in enumerate(positions)]
    found = select(Task.id, *labels).where(*where, IN_VISIBLE)
    ordered = found.order_by(*order(hidden(positions), Task.id, keys))
    page = ordered.limit(w.limit).offset(w.offset).subquery("page")
    return _rows_in_order(columns, page, keys)


def cross_join(
    columns: Columns, filters: frozenset[str], keys: Keys, where: Conditions, w: Window
) -> Select[Any]:
    """Merge the first keys of each project."""
    by_assignee = sorts_assigned(filters, keys)
    first: FromClause = table if by_assignee else table.alias("k")
    positions = [first.c[SORTS[key.name].key] for key in keys]
    labels = [column.label(f"position_{n}") for n, column in enumerate(positions)]
    keys_of = select(first.c.id, *labels)
    if by_assignee:
        keys_of = keys_of.select_from(ByAssignee(joined_projects(), table))
        keys_of = keys_of.where(of_membership(Task.project_id), *where)
    else:
        sources, inner = first_keys(filters, keys, where, w.most, sorts=False)
        keys_of = keys_of.select_from(CrossJoin(sources, first))
        keys_of = keys_of.where(first.c.id.in_(inner))
    page = window_of(keys_of, positions, first.c.id, keys, w)
    return _rows_in_order(columns, page, keys)


def row_by_row(
    columns: Columns, _filters: frozenset[str], keys: Keys, where: Conditions, w: Window
) -> Select[Any]:
    """Merge projects row by row, in the order of one key."""
    (key,) = keys
    column = SORTS[key.name]
    found = table.alias("k")
    position = found.c[column.key].label("position_0")
    rows = select(found.c.id, position, found.c.project_id)
    first = _next([of_membership(Task.project_id), *where], [column, Task.id], key)
    starts = rows.select_from(CrossJoin(joined_projects(), found))
    starts = starts.where(access.is_visible(), found.c.id == first)
    last = starts.cte(recursive=True)
    # Without the conditions of the cursor: what follows the last task meets them, and
    # SQLite would begin each step at the cursor.
    after = _after(last, column, where[:1], key)
    step = rows.select_from(CrossJoin(last, found)).where(found.c.id == after)
    direction = "DESC" if key.descending else "ASC"
    # `most` is a parameter or a number here
    queue = f"ORDER BY 2 {direction}, 1 {direction} LIMIT {w.most}"
    step = step.suffix_with(text(queue))
    page = select(last.union_all(step)).limit(w.limit).offset(w.offset)
    return _rows_in_order(columns, page.subquery("page"), keys)


def _after(
    last: FromClause, column: SQLColumnExpression[Any], where: Conditions, key: Key
) -> ColumnElement[int]:
    """Return the id of the task after the last one in its project.

    Comparing both columns at once would read all tasks of the same value: SQLite uses
    an index for the first one only.
    """
    own = [Task.project_id == last.c.project_id, *where]
    position = last.c.position_0
    equal = [column == position, follows(Task.id, last.c.id, key)]
    tied = _next([*own, *equal], [Task.id], key)
    beyond = _next([*own, follows(column, position, key)], [column, Task.id], key)
    return func.coalesce(tied, beyond)


def _next(conditions: Conditions, columns: Columns, key: Key) -> ScalarSelect[int]:
    found = select(Task.id).where(*conditions)
    ordered = found.order_by(*(sorted_by(column, key) for column in columns))
    return ordered.limit(1).correlate_except(Task).scalar_subquery()


def _rows_in_order(columns: Columns, page: FromClause, keys: Keys) -> Select[Any]:
    """Read the rows of a page in its order."""
    rows = select(*columns).select_from(CrossJoin(page, table))
    return rows.where(Task.id == page.c.id).order_by(*page_order(page, keys))


class ByAssignee(CrossJoin):
    """A join with the tasks of an assignee, for which SQLite must use their index.

    It would take that of the sort order, or that of tasks without a due date: 424
    instead of 12 ms for 10,000 of a million tasks.
    """

    inherit_cache = True


@compiles(ByAssignee)
def _indexed_by(element: ByAssignee, compiler: SQLCompiler, **options: object) -> str:
    joined = compiler.process(CrossJoin(element.left, element.right), **options)
    return f"{joined} INDEXED BY {ASSIGNED_INDEX}"
