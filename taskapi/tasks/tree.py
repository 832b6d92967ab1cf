"""Trees of tasks: what hangs below what, and what may not.

Whoever changes the shape of a tree holds its owner first, so that two moves that would
make a circle together come one after the other. Trees are looked at after the change:
what is wrong then is refused, and undone with the transaction.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
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
from taskapi.tasks.models import MAX_EXPANDED_TASKS, MAX_TREE_DEPTH, NOT_DELETED, Task
from taskapi.tasks.queries import COLUMNS, OWNER, owned
from taskapi.users.models import User

Path = tuple[str | int, ...]
"""Where in the request something stands, such as ("update", 3)."""

IDS: BindParameter[Any] = bindparam("ids", expanding=True)
HOLD = select(User.id).where(User.id == OWNER).with_for_update(key_share=True)
PRESENT = select(Task.id).where(owned(OWNER), NOT_DELETED, Task.id.in_(IDS))


def _upwards() -> CTE:
    """Return the tasks above some tasks, each with the one that it is above of."""
    above = (
        select(
            Task.id.label("start"), Task.parent_id.label("id"), literal(1).label("n")
        )
        .where(owned(OWNER), Task.id.in_(IDS), Task.parent_id.is_not(None))
        .cte("above", recursive=True)
    )
    return above.union_all(
        select(above.c.start, Task.parent_id, above.c.n + 1)
        .join(above, Task.id == above.c.id)
        .where(Task.parent_id.is_not(None), above.c.n < MAX_TREE_DEPTH)
    )


def downwards(condition: Any) -> CTE:
    """Return some tasks and those below them that meet a condition.

    In a CASE, so that PostgreSQL does not estimate it: for a condition that few tasks
    met when the statistics were made, it would read all of them for each task.
    """
    meets = case((condition, true()), else_=false())
    below = (
        select(Task.id.label("start"), Task.id.label("id"), literal(1).label("n"))
        .where(owned(OWNER), Task.id.in_(IDS), condition)
        .cte("below", recursive=True)
    )
    return below.union_all(
        select(below.c.start, Task.id, below.c.n + 1)
        .join(below, Task.parent_id == below.c.id)
        .where(below.c.n <= MAX_TREE_DEPTH, meets)
    )


_above, _below = _upwards(), downwards(NOT_DELETED)
ABOVE = select(_above.c.start, _above.c.id)
HEIGHTS = select(_below.c.start, func.max(_below.c.n).label("height")).group_by(
    _below.c.start
)
_shown = select(_below.c.id).limit(MAX_EXPANDED_TASKS + 1).cte("shown")
TREE = select(*COLUMNS).join(_shown, _shown.c.id == Task.id).order_by(Task.id)
"""Without a sort inside, so that the recursion ends with the last row shown.

SQLite adds the ids of all subtasks of a task to its queue before the limit counts.
"""


def hold(owner_id: int) -> None:
    """Let nobody else change the trees of this owner before the transaction ends."""
    db.session.execute(HOLD, {"whose": owner_id})


def refuse_absent_parents(owner_id: int, parents: Mapping[Path, int | None]) -> None:
    """Raise Invalid for each parent that the owner does not have."""
    asked = {parent for parent in parents.values() if parent is not None}
    if not asked:
        return
    rows = db.session.execute(PRESENT, {"whose": owner_id, "ids": list(asked)})
    absent = asked - {row.id for row in rows}
    places = [path for path, parent in parents.items() if parent in absent]
    if places:
        fault = FieldError("You have no such task.", "not-found")
        raise Invalid({(*path, "parent_id"): [fault] for path in places})


def refuse_bad_shapes(owner_id: int, moved: Mapping[int, Path]) -> None:
    """Raise ParentCycle or ParentTooDeep for tasks that hang where they may not.

    `moved` says where in the request it stands that a task hangs there.
    """
    circular, deep = _misplaced(owner_id, moved)
    for kind, places in ((ParentCycle, circular), (ParentTooDeep, deep)):
        if places:
            fault = FieldError(kind.message, kind.code)
            raise kind({moved[task_id]: [fault] for task_id in places})


def is_too_deep(owner_id: int, task_id: int) -> bool:
    """Tell whether a task, or something below it, is on a level that is not allowed."""
    return task_id in _misplaced(owner_id, [task_id])[1]


def _misplaced(owner_id: int, moved: Collection[int]) -> tuple[list[int], list[int]]:
    """Return which tasks are above themselves, and which trees are too high."""
    if not moved:
        return [], []
    of = {"whose": owner_id, "ids": list(moved)}
    above = [(row.start, row.id) for row in db.session.execute(ABOVE, of)]
    depths = Counter(start for start, _ in above)
    heights = {h.start: h.height for h in db.session.execute(HEIGHTS, of)}
    circular = [task_id for task_id in moved if (task_id, task_id) in above]
    deep = [m for m in moved if depths[m] + heights[m] > MAX_TREE_DEPTH]
    return circular, deep


def nest(rows: Iterable[Any]) -> dict[int, Any]:
    """Return each task by its id, as a tree with what is below it."""
    children: defaultdict[int | None, list[Any]] = defaultdict(list)
    trees: dict[int, Any] = {}
    for row in rows:
        trees[row.id] = SimpleNamespace(**row._asdict(), subtasks=children[row.id])
        children[row.parent_id].append(trees[row.id])
    return trees
