"""Trees of tasks: recursive queries, and checks for cycles and depth.

A request that changes the shape of a tree locks its project first, so that two moves
that would form a cycle together run one at a time. Trees are checked after the change:
an invalid one raises an error, which rolls the transaction back.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Select,
    bindparam,
    case,
    false,
    func,
    literal,
    select,
    true,
)

from taskapi import db
from taskapi.errors import FieldError, Invalid, ParentCycle, ParentTooDeep
from taskapi.projects import access
from taskapi.tasks.models import MAX_EXPANDED_TASKS, MAX_TREE_DEPTH, NOT_DELETED, Task
from taskapi.tasks.queries import COLUMNS, PROJECT
from taskapi.typing import Path

IDS: BindParameter[int] = bindparam("ids", expanding=True)
VISIBLE = access.visible(Task.project_id)
PRESENT = select(Task.id).where(
    Task.project_id == PROJECT, NOT_DELETED, Task.id.in_(IDS)
)


def _ancestors() -> CTE:
    """Select the ancestors of tasks, each with the task that it is an ancestor of."""
    above = (
        select(
            Task.id.label("start"), Task.parent_id.label("id"), literal(1).label("n")
        )
        .where(Task.id.in_(IDS), Task.parent_id.is_not(None))
        .cte("above", recursive=True)
    )
    return above.union_all(
        select(above.c.start, Task.parent_id, above.c.n + 1)
        .join(above, Task.id == above.c.id)
        .where(Task.parent_id.is_not(None), above.c.n < MAX_TREE_DEPTH)
    )


def descendants(
    condition: ColumnElement[bool], allowed: ColumnElement[bool] | None = None
) -> CTE:
    """Select tasks and their descendants that meet a condition.

    `allowed` is a condition of the tasks themselves: their trees are in one project.

    In the recursion it stands in a CASE, so that PostgreSQL does not estimate it: for a
    condition that few tasks met when the statistics were collected, it would read all
    of these for each task (68 s to restore 20,000 tasks).
    """
    meets = case((condition, true()), else_=false())
    below = (
        select(Task.id.label("start"), Task.id.label("id"), literal(1).label("n"))
        .where(Task.id.in_(IDS), condition, *([] if allowed is None else [allowed]))
        .cte("below", recursive=True)
    )
    return below.union_all(
        select(below.c.start, Task.id, below.c.n + 1)
        .join(below, Task.parent_id == below.c.id)
        .where(below.c.n <= MAX_TREE_DEPTH, meets)
    )


_above, _below = _ancestors(), descendants(NOT_DELETED)
ANCESTORS = select(_above.c.start, _above.c.id)
HEIGHTS = select(_below.c.start, func.max(_below.c.n).label("height")).group_by(
    _below.c.start
)


def _tree(below: CTE) -> Select[Any]:
    """Select the rows of a tree, one more than are shown at most.

    Not sorted inside, so that the recursion ends with the last row that is returned.
    """
    shown = select(below.c.id).limit(MAX_EXPANDED_TASKS + 1).cte("shown")
    return select(*COLUMNS).join(shown, shown.c.id == Task.id).order_by(Task.id)


def _bounded_descendants() -> CTE:
    """Select tasks and descendants, of each parent at most one more than is shown.

    The limit also keeps PostgreSQL from hashing all tasks when it has no statistics.
    """
    below = (
        select(Task.id.label("id"), literal(1).label("n"))
        .where(Task.id.in_(IDS), NOT_DELETED, VISIBLE)
        .cte("below", recursive=True)
    )
    children = (
        select(Task.id)
        .where(Task.parent_id == below.c.id, NOT_DELETED)
        .limit(MAX_EXPANDED_TASKS + 1)
        .lateral()
    )
    return below.union_all(
        select(children.c.id, below.c.n + 1)
        .join_from(below, children, true())
        .where(below.c.n <= MAX_TREE_DEPTH)
    )


# SQLite has no LATERAL; it adds the ids of all subtasks of a task to its queue before
# the limit counts.
TREE = {
    "sqlite": _tree(descendants(NOT_DELETED, VISIBLE)),
    "postgresql": _tree(_bounded_descendants()),
}


def check_parents(project_id: int, parents: Mapping[Path, int | None]) -> None:
    """Raise Invalid for each parent that is not a task of the project."""
    required = {parent for parent in parents.values() if parent is not None}
    if not required:
        return
    rows = db.session.execute(PRESENT, {"project": project_id, "ids": list(required)})
    absent = required - {row.id for row in rows}
    paths = [path for path, parent in parents.items() if parent in absent]
    if paths:
        error = FieldError("The project has no task with this id.", "not-found")
        raise Invalid({(*path, "parent_id"): [error] for path in paths})


def check_shapes(moved: Mapping[int, Path]) -> None:
    """Raise ParentCycle or ParentTooDeep if tasks were moved to invalid places.

    `moved` maps their ids to the location in the request that determines the parent.
    """
    cyclic, deep = _misplaced(moved)
    for kind, task_ids in ((ParentCycle, cyclic), (ParentTooDeep, deep)):
        if task_ids:
            error = FieldError(kind.message, kind.code)
            raise kind({moved[task_id]: [error] for task_id in task_ids})


def is_too_deep(task_id: int) -> bool:
    """Return whether a task or one of its descendants is below the lowest level."""
    return task_id in _misplaced([task_id])[1]


def _misplaced(moved: Collection[int]) -> tuple[list[int], list[int]]:
    """Return the tasks that are their own ancestors, and those whose tree is too deep.

    Both are in the order of `moved`, since the databases return them in different ones.
    """
    if not moved:
        return [], []
    parameters = {"ids": list(moved)}
    rows = db.session.execute(ANCESTORS, parameters)
    above = [(row.start, row.id) for row in rows]
    depths = Counter(start for start, _ in above)
    heights = {h.start: h.height for h in db.session.execute(HEIGHTS, parameters)}
    cyclic = [task_id for task_id in moved if (task_id, task_id) in above]
    deep = [m for m in moved if depths[m] + heights[m] > MAX_TREE_DEPTH]
    return cyclic, deep


def nest(rows: Iterable[Any]) -> dict[int, SimpleNamespace]:
    """Return tasks by id, each with its subtasks as an attribute."""
    children: defaultdict[int | None, list[SimpleNamespace]] = defaultdict(list)
    trees: dict[int, SimpleNamespace] = {}
    for row in rows:
        trees[row.id] = SimpleNamespace(**row._asdict(), subtasks=children[row.id])
        children[row.parent_id].append(trees[row.id])
    return trees
