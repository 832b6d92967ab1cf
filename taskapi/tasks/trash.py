"""The trash: tasks that were deleted, and can be restored for a while.

A task is deleted with all that is below it. They have `deleted_at` in common, by which
the same ones are restored.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, exists, func, null, select, update

from taskapi import clock, db
from taskapi.db import AnyRow, statements
from taskapi.db.types import UtcDateTime
from taskapi.errors import LimitReached
from taskapi.mail import service as outbox
from taskapi.tasks import tree
from taskapi.tasks.models import (
    EXISTING,
    MAX_DELETED_TASKS,
    NOT_DELETED,
    PERMANENTLY,
    Task,
    table,
)
from taskapi.tasks.queries import NOW
from taskapi.tasks.tree import PRESENT, downwards

BATCH = 200
"""Tasks deleted in one transaction; each has tags and entries of the search index."""

_children = table.alias("children")
LEAF = ~exists().where(_children.c.parent_id == Task.id)
SINCE = bindparam("since", type_=UtcDateTime)
RAISED = {"version": table.c.version + 1, "updated_at": NOW}
_living, _present = downwards(NOT_DELETED), downwards(EXISTING)
_gone = downwards(Task.deleted_at == SINCE)
_taken = select(_living.c.id).limit(MAX_DELETED_TASKS + 1).cte("taken")
_marked = select(_present.c.id).limit(MAX_DELETED_TASKS + 1).cte("marked")
TAKE = (
    update(table)
    .where(table.c.id.in_(select(_taken.c.id)))
    .values(deleted_at=NOW, **RAISED)
    .returning(table.c.id)  # SQLite's driver does not count them after a CTE
)
MARK = (
    update(table)
    .where(table.c.id.in_(select(_marked.c.id)))
    .values(deleted_at=PERMANENTLY)
    .returning(table.c.id)
)
SIZE = select(func.count()).select_from(_marked)
BRING_BACK = (
    update(table)
    .where(table.c.id.in_(select(_gone.c.id)))
    .values(deleted_at=null(), **RAISED)
)
NAMES = (
    select(Task.external_id)
    .join(_gone, _gone.c.id == Task.id)
    .where(Task.external_id.is_not(None))
)
DETACH = (
    update(table).where(table.c.id == bindparam("task_id")).values(parent_id=null())
)


def take(owner_id: int, task_ids: Collection[int], now: datetime) -> None:
    """Move live tasks, and all that is below them, to the trash.

    Raises LimitReached for more than one request may move.
    """
    if task_ids:
        of = {"whose": owner_id, "ids": list(task_ids), "now": now}
        _limit(len(db.session.execute(TAKE, of).all()))


def is_large(owner_id: int, task_id: int) -> bool:
    """Return whether a task and all that is below it need more than one batch."""
    of = {"whose": owner_id, "ids": [task_id]}
    return int(db.session.scalar(SIZE, of) or 0) > BATCH


def mark(owner_id: int, task_id: int) -> None:
    """Mark a task, and all that is below it, for permanent deletion.

    They are not found from now on. Raises LimitReached as `take` does.
    """
    of = {"whose": owner_id, "ids": [task_id]}
    _limit(len(db.session.execute(MARK, of).all()))
    outbox.work_available.set()


def external_ids(task: AnyRow) -> list[str]:
    """Return the external ids of a task in the trash and of what went along."""
    of = {"whose": task.owner_id, "ids": [task.id], "since": task.deleted_at}
    return list(db.session.scalars(NAMES, of))


def bring_back(task: AnyRow, now: datetime) -> None:
    """Take a task out of the trash with what went along.

    It comes to the top level when its parent is not there any more, or too deep.
    """
    of = {"whose": task.owner_id, "ids": [task.id]}
    db.session.execute(BRING_BACK, of | {"now": now, "since": task.deleted_at})
    if task.parent_id is not None and not _fits(task):
        db.session.execute(DETACH, {"task_id": task.id})


def purge(kept: timedelta) -> int:
    """Delete permanently what was in the trash for longer; return the number of rows.

    Tasks without subtasks come first, so that no statement deletes a whole tree.
    """
    scope = and_(Task.deleted_at <= clock.now() - kept, LEAF)
    return statements.delete_all(Task, scope, batch=BATCH)


def purge_marked() -> int:
    """Delete what is marked for permanent deletion; return the number of rows."""
    return statements.delete_all(
        Task, and_(Task.deleted_at == PERMANENTLY, LEAF), batch=BATCH
    )


def _limit(number: int) -> None:
    if number > MAX_DELETED_TASKS:
        message = (
            f"At most {MAX_DELETED_TASKS} tasks are deleted at once, those below a task "
            "included; delete some of its subtasks first."
        )
        raise LimitReached(message, limit=MAX_DELETED_TASKS)


def _fits(task: AnyRow) -> bool:
    parent = {"whose": task.owner_id, "ids": [task.parent_id]}
    if not db.session.execute(PRESENT, parent).all():
        return False
    return not tree.is_too_deep(task.owner_id, task.id)
