"""The three ways in which a list reads the tasks of projects.

**One project** is read by the index of the sort order: for the filter `project_id`, a
restricted key, or an account without shared projects (exceptions: `reads_one_project`).

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

SQLite has no LATERAL, but `CROSS JOIN tasks AS k WHERE k.id IN (SELECT tasks.id ...)`
(see `sqlite_plans`).

**Filter first**, for filters whose index finds few tasks (`q`, `tag`, `ids`,
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
    literal_column,
    select,
    true,
)

from taskapi.db.types import CrossJoin, Each
from taskapi.projects import access
from taskapi.projects.models import Project, memberships
from taskapi.tasks.conditions import IN_VISIBLE
from taskapi.tasks.models import Task
from taskapi.tasks.sorting import SORTS, Key, Keys

SELECTIVE = {"q", "ids", "parent_id"}
Columns = Sequence[SQLColumnExpression[Any]]
Conditions = Sequence[ColumnElement[bool]]
Plan = Callable[..., Select[Any]]
"""Selects columns by filters, keys and conditions, for a window."""


class Window(NamedTuple):
    """The rows of a statement that are returned; `most` is the sum of both numbers."""

    limit: SQLColumnExpression[int]
    offset: SQLColumnExpression[int]
    most: SQLColumnExpression[int]


WINDOW = Window(bindparam("limit"), bindparam("offset"), bindparam("most"))


def first_rows(limit: SQLColumnExpression[int]) -> Window:
    """Return the window of the first rows."""
    return Window(limit, literal_column("0"), limit)


def is_selective(filters: frozenset[str]) -> bool:
    """Return whether a filter finds few tasks by its index."""
    return bool(filters & SELECTIVE) or any(name.startswith("tag_") for name in filters)


def reads_one_project(filters: frozenset[str], keys: Keys) -> bool:
    """Return whether a list of one project is read without merging.

    Merging takes 18 % more CPU time where PostgreSQL plans the statement for each
    request, by due date 33 %.
    """
    merges = has_statuses(filters, keys) or sorts_assigned(filters, keys)
    return "one_project" in filters and not (merges or is_selective(filters))


def has_statuses(filters: frozenset[str], keys: Keys) -> bool:
    """Return whether each status is read separately, in the order of its index.

    With a list of statuses PostgreSQL sorts whole projects (13 instead of 0.9 ms).
    """
    by_creation = bool(keys) and keys[0].name == "created_at"
    return "status" in filters and by_creation and not is_selective(filters)


def of_one_project(
    columns: Columns, _filters: frozenset[str], keys: Keys, where: Conditions, w: Window
) -> Select[Any]:
    """Select a page of a project by the index of the sort order."""
    rows = select(*columns).where(*where)
    ordered = rows.order_by(*order([SORTS[key.name] for key in keys], Task.id, keys))
    return ordered.limit(w.limit).offset(w.offset)


def conditions_of_rows(filters: frozenset[str], keys: Keys) -> frozenset[str]:
    """Return the filters that the WHERE clause of `tasks` contains.

    Access to projects, and statuses that are read separately, are joined instead.
    """
    names = filters if reads_one_project(filters, keys) else filters - {"one_project"}
    return names - {"status"} if has_statuses(filters, keys) else names


def by_filter(
    columns: Columns, _filters: frozenset[str], keys: Keys, where: Conditions, w: Window
) -> Select[Any]:
    """Select a page by the index of a filter, on PostgreSQL."""
    sorts = hidden([SORTS[key.name] for key in keys])
    rows = select(*columns).where(*where, IN_VISIBLE)
    return rows.order_by(*order(sorts, Task.id, keys)).limit(w.limit).offset(w.offset)


def hidden(sorts: Columns) -> Columns:
    """Return sort columns by which no index is read.

    The database does not know how rare a word is and would otherwise read the whole
    list in order instead of using the search index (a search without a match among a
    million tasks: 4 instead of 1,069 ms).
    """
    return [func.coalesce(sorts[0], sorts[0]), *sorts[1:]]


def count(filters: frozenset[str], where: Conditions) -> Select[Any]:
    """Count the tasks that meet conditions: per project, then summed."""
    number = select(func.count().label("total")).select_from(Task).where(*where)
    if reads_one_project(filters, ()):
        return number
    if is_selective(filters):
        return number.where(IN_VISIBLE)
    own = select(func.count()).where(*where, of_membership(Task.project_id))
    each = own.correlate(memberships).scalar_subquery()
    total = func.coalesce(func.sum(each), 0).label("total")
    return select(total).select_from(joined_projects()).where(access.is_visible())


def lateral(
    columns: Columns, filters: frozenset[str], keys: Keys, where: Conditions, w: Window
) -> Select[Any]:
    """Merge the first keys of each project, on PostgreSQL."""
    sources, inner = first_keys(filters, keys, where, w.most, sorts=True)
    first = inner.lateral("k")
    keys_of = select(first).select_from(sources.join(first, true()))
    positions = [first.c[f"position_{n}"] for n, _ in enumerate(keys)]
    page = window_of(keys_of, positions, first.c.id, keys, w)
    rows = select(*columns).join(page, page.c.id == Task.id)
    return rows.order_by(*page_order(page, keys))


def sorts_assigned(filters: frozenset[str], keys: Keys) -> bool:
    """Return whether all tasks of an assignee are sorted.

    Their index has the order of creation. That of the sort would be walked over tasks
    of others.
    """
    return "assigned" in filters and bool(keys) and keys[0].name != "created_at"


def first_keys(
    filters: frozenset[str],
    keys: Keys,
    where: Conditions,
    most: SQLColumnExpression[int],
    *,
    sorts: bool,
) -> tuple[FromClause, Select[Any]]:
    """Return the joined projects, and the first keys of one of them."""
    columns: list[SQLColumnExpression[Any]] = [SORTS[key.name] for key in keys]
    labels: Columns = [
        column.label(f"position_{n}") for n, column in enumerate(columns)
    ]
    first = select(Task.id, *(labels if sorts else []))
    first = first.where(of_membership(Task.project_id), *where)
    sources: FromClause = joined_projects()
    correlated: list[FromClause] = [memberships]
    if has_statuses(filters, keys):
        each = Each(bindparam("statuses", type_=String()))
        statuses = each.table_valued("value", name="statuses")
        sources = CrossJoin(sources, statuses)
        first = first.where(Task.status == statuses.c.value)
        correlated.append(statuses)
    if sorts_assigned(filters, keys):
        columns = [*hidden(columns)]
    ordered = first.order_by(*order(columns, Task.id, keys))
    limited: Any = ordered.limit(most).correlate(*correlated)
    return sources, limited


def window_of(
    rows: Select[Any],
    positions: Columns,
    row_id: SQLColumnExpression[int],
    keys: Keys,
    window: Window,
) -> FromClause:
    """Select the keys of a page, of what is visible."""
    ordered = rows.where(access.is_visible()).order_by(*order(positions, row_id, keys))
    return ordered.limit(window.limit).offset(window.offset).subquery("page")


def page_order(page: FromClause, keys: Keys) -> list[ColumnElement[Any]]:
    """Return the order of the keys of a page."""
    positions = [page.c[f"position_{n}"] for n, _ in enumerate(keys)]
    return order(positions, page.c.id, keys)


def order(
    columns: Columns, row_id: SQLColumnExpression[int], keys: Keys
) -> list[ColumnElement[Any]]:
    """Return columns and the id with the directions of the keys."""
    pairs = zip(columns, keys, strict=True)
    return [
        *(sorted_by(column, key) for column, key in pairs),
        sorted_by(row_id, keys[-1]),
    ]


def sorted_by(column: SQLColumnExpression[Any], key: Key) -> ColumnElement[Any]:
    """Return a column with the direction of a key."""
    return column.desc() if key.descending else column.asc()


def follows(
    column: SQLColumnExpression[Any], bound: SQLColumnExpression[Any], key: Key
) -> ColumnElement[bool]:
    """Return the condition that a value follows another in the direction of a key."""
    after: ColumnElement[bool] = column < bound if key.descending else column > bound
    return after


def of_membership(project_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Return the condition that a project is that of the membership."""
    return project_id == memberships.c.project_id


def joined_projects() -> CrossJoin:
    """Return memberships and their projects; `access.is_visible` joins them."""
    return CrossJoin(memberships, Project.__table__)
