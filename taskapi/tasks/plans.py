"""The two plans by which a list reads the tasks of several projects.

**Merge per project.** Each visible project contributes its first keys from the index of
the sort order; the database merges them, and then reads the rows of the page:

    SELECT <columns> FROM (
      SELECT k.id, k.position_0 FROM memberships JOIN projects ON ...
      CROSS JOIN LATERAL (
        SELECT tasks.id, tasks.created_at AS position_0 FROM tasks
        WHERE tasks.project_id = memberships.project_id AND <conditions>
        ORDER BY tasks.created_at DESC, tasks.id DESC LIMIT :most) AS k
      WHERE <visible> ORDER BY k.position_0 DESC, k.id DESC
      LIMIT :limit OFFSET :offset) AS page JOIN tasks ON tasks.id = page.id ORDER BY ...

SQLite has no LATERAL, but `CROSS JOIN tasks AS k WHERE k.id IN (SELECT tasks.id ...)`.

**Filter first**, for filters with an index of their own (`q`, `tag`, `ids`,
`parent_id`): the condition of access and the sort key are in a form that no index
serves, so that the filter is always the one that finds the rows. `project_id IN
(<visible>) ORDER BY created_at LIMIT 20` would sort all that is visible (75 to 350 ms).
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    SQLColumnExpression,
    String,
    bindparam,
    func,
    select,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from taskapi.db.types import CrossJoin, Each
from taskapi.projects import access
from taskapi.projects.models import Project, memberships
from taskapi.tasks.conditions import IN_VISIBLE
from taskapi.tasks.models import ASSIGNED_INDEX, Task, table
from taskapi.tasks.sorting import SORTS, Key, Keys

SELECTIVE = {"q", "ids", "parent_id"}
Columns = Sequence[SQLColumnExpression[Any]]
Conditions = Sequence[ColumnElement[bool]]


class Window(NamedTuple):
    """The rows of a statement that are returned."""

    limit: SQLColumnExpression[int]
    offset: SQLColumnExpression[int]


def is_selective(filters: frozenset[str]) -> bool:
    """Return whether a filter has an index of its own."""
    return bool(filters & SELECTIVE) or any(name.startswith("tag_") for name in filters)


def has_statuses(filters: frozenset[str], keys: Keys) -> bool:
    """Return whether each status is read separately, in the order of its index.

    With a list of statuses PostgreSQL sorts whole projects (13 instead of 0.9 ms).
    """
    by_creation = bool(keys) and keys[0].name == "created_at"
    return "status" in filters and by_creation and not is_selective(filters)


def _by_filter(
    columns: Columns, _filters: frozenset[str], keys: Keys, where: Conditions, w: Window
) -> Select[Any]:
    """Select a page by the index of a filter, on PostgreSQL."""
    hidden = _hidden([SORTS[key.name] for key in keys])
    rows = select(*columns).where(*where, IN_VISIBLE)
    return rows.order_by(*_order(hidden, Task.id, keys)).limit(w.limit).offset(w.offset)


def _keys_by_filter(
    columns: Columns, _filters: frozenset[str], keys: Keys, where: Conditions, w: Window
) -> Select[Any]:
    """Select a page by the index of a filter, on SQLite: keys first, then the rows.

    SQLite would compute all columns before it sorts: with 444 hits that takes twice as
    long. PostgreSQL sorts first anyway.
    """
    positions = [SORTS[key.name] for key in keys]
    labels = [column.label(f"position_{n}") for n, column in enumerate(positions)]
    found = select(Task.id, *labels).where(*where, IN_VISIBLE)
    ordered = found.order_by(*_order(_hidden(positions), Task.id, keys))
    page = ordered.limit(w.limit).offset(w.offset).subquery("page")
    return _rows_in_order(columns, page, keys)


def _hidden(sorts: Columns) -> Columns:
    """Return sort columns by which no index is read.

    The database does not know how rare a word is and would otherwise read the whole
    list in order instead of using the search index (a search without a match among a
    million tasks: 4 instead of 1,069 ms).
    """
    return [func.coalesce(sorts[0], sorts[0]), *sorts[1:]]


def count(filters: frozenset[str], where: Conditions) -> Select[Any]:
    """Count the tasks that meet conditions: per project, then summed."""
    if is_selective(filters):
        number = select(func.count().label("total")).select_from(Task)
        return number.where(*where, IN_VISIBLE)
    own = select(func.count()).where(*where, _of_membership(Task.project_id))
    each = own.correlate(memberships).scalar_subquery()
    total = func.coalesce(func.sum(each), 0).label("total")
    return select(total).select_from(_memberships()).where(access.is_visible())


def _lateral(
    columns: Columns, filters: frozenset[str], keys: Keys, where: Conditions, w: Window
) -> Select[Any]:
    """Merge the first keys of each project, on PostgreSQL."""
    sources, inner = _first_keys(filters, keys, where, sorts=True)
    first = inner.lateral("k")
    keys_of = select(first).select_from(sources.join(first, true()))
    positions = [first.c[f"position_{n}"] for n, _ in enumerate(keys)]
    page = _window(keys_of, positions, first.c.id, keys, w)
    rows = select(*columns).join(page, page.c.id == Task.id)
    return rows.order_by(*_page_order(page, keys))


def _cross_join(
    columns: Columns, filters: frozenset[str], keys: Keys, where: Conditions, w: Window
) -> Select[Any]:
    """Merge the first keys of each project, on SQLite; CROSS JOIN fixes the order."""
    by_assignee = _sorts_assigned(filters, keys)
    first: FromClause = table if by_assignee else table.alias("k")
    positions = [first.c[SORTS[key.name].key] for key in keys]
    labels = [column.label(f"position_{n}") for n, column in enumerate(positions)]
    keys_of = select(first.c.id, *labels)
    if by_assignee:
        keys_of = keys_of.select_from(ByAssignee(_memberships(), table))
        keys_of = keys_of.where(_of_membership(Task.project_id), *where)
    else:
        sources, inner = _first_keys(filters, keys, where, sorts=False)
        keys_of = keys_of.select_from(CrossJoin(sources, first))
        keys_of = keys_of.where(first.c.id.in_(inner))
    page = _window(keys_of, positions, first.c.id, keys, w)
    return _rows_in_order(columns, page, keys)


def _rows_in_order(columns: Columns, page: FromClause, keys: Keys) -> Select[Any]:
    """Read the rows of a page on SQLite; CROSS JOIN fixes the order."""
    rows = select(*columns).select_from(CrossJoin(page, table))
    return rows.where(Task.id == page.c.id).order_by(*_page_order(page, keys))


filtered_first: dict[str, Callable[..., Select[Any]]] = {
    "postgresql": _by_filter,
    "sqlite": _keys_by_filter,
}
merged: dict[str, Callable[..., Select[Any]]] = {
    "postgresql": _lateral,
    "sqlite": _cross_join,
}


def _sorts_assigned(filters: frozenset[str], keys: Keys) -> bool:
    """Return whether all tasks of an assignee are sorted.

    Their index has the order of creation. That of the sort would be walked over tasks
    of others.
    """
    return "assigned" in filters and keys[0].name != "created_at"


def _first_keys(
    filters: frozenset[str], keys: Keys, where: Conditions, *, sorts: bool
) -> tuple[FromClause, Select[Any]]:
    """Return the joined projects, and the first keys of one of them."""
    columns: list[SQLColumnExpression[Any]] = [SORTS[key.name] for key in keys]
    labels: Columns = [
        column.label(f"position_{n}") for n, column in enumerate(columns)
    ]
    first = select(Task.id, *(labels if sorts else []))
    first = first.where(_of_membership(Task.project_id), *where)
    sources: FromClause = _memberships()
    correlated: list[FromClause] = [memberships]
    if has_statuses(filters, keys):
        each = Each(bindparam("statuses", type_=String()))
        statuses = each.table_valued("value", name="statuses")
        sources = CrossJoin(sources, statuses)
        first = first.where(Task.status == statuses.c.value)
        correlated.append(statuses)
    if _sorts_assigned(filters, keys):
        columns = [*_hidden(columns)]
    ordered = first.order_by(*_order(columns, Task.id, keys))
    limited: Any = ordered.limit(bindparam("most")).correlate(*correlated)
    return sources, limited


def _window(
    rows: Select[Any],
    positions: Columns,
    row_id: SQLColumnExpression[int],
    keys: Keys,
    window: Window,
) -> FromClause:
    ordered = rows.where(access.is_visible()).order_by(*_order(positions, row_id, keys))
    return ordered.limit(window.limit).offset(window.offset).subquery("page")


def _page_order(page: FromClause, keys: Keys) -> list[ColumnElement[Any]]:
    positions = [page.c[f"position_{n}"] for n, _ in enumerate(keys)]
    return _order(positions, page.c.id, keys)


def _order(
    columns: Columns, row_id: SQLColumnExpression[int], keys: Keys
) -> list[ColumnElement[Any]]:
    pairs = zip(columns, keys, strict=True)
    return [
        *(_ordered(column, key) for column, key in pairs),
        _ordered(row_id, keys[-1]),
    ]


def _ordered(column: SQLColumnExpression[Any], key: Key) -> ColumnElement[Any]:
    return column.desc() if key.descending else column.asc()


def _of_membership(project_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    return project_id == memberships.c.project_id


def _memberships() -> CrossJoin:
    return CrossJoin(memberships, Project.__table__)


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
