"""Trash: deleted tasks, which can be restored until they are purged.

A task is deleted with its descendants. Tasks deleted together share `deleted_at`, and
are restored together.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, exists, func, null, select, update

from taskapi import clock, db
from taskapi.db import statements
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
    TaskRow,
    table,
)
from taskapi.tasks.queries import NOW
from taskapi.tasks.tree import PRESENT, descendants

BATCH = 200
"""Tasks deleted in one transaction; each has tags and entries of the search index."""

_children = table.alias("children")
LEAF = ~exists().where(_children.c.parent_id == Task.id)
SINCE = bindparam("since", type_=UtcDateTime)
RAISED = {"version": table.c.version + 1, "updated_at": NOW}
_not_deleted, _existing = descendants(NOT_DELETED), descendants(EXISTING)
_deleted_together = descendants(Task.deleted_at == SINCE)
_moved = select(_not_deleted.c.id).limit(MAX_DELETED_TASKS + 1).cte("moved")
_marked = select(_existing.c.id).limit(MAX_DELETED_TASKS + 1).cte("marked")
MOVE_TO_TRASH = (
    update(table)
    .where(table.c.id.in_(select(_moved.c.id)))
    .values(deleted_at=NOW, **RAISED)
    .returning(table.c.id)  # SQLite's driver does not count rows after a CTE
)
MARK_DELETED = (
    update(table)
    .where(table.c.id.in_(select(_marked.c.id)))
    .values(deleted_at=PERMANENTLY)
    .returning(table.c.id)
)
SIZE = select(func.count()).select_from(_marked)
RESTORE = (
    update(table)
    .where(table.c.id.in_(select(_deleted_together.c.id)))
    .values(deleted_at=null(), **RAISED)
)
EXTERNAL_IDS = (
    select(Task.external_id)
    .join(_deleted_together, _deleted_together.c.id == Task.id)
    .where(Task.external_id.is_not(None))
)
DETACH = (
    update(table).where(table.c.id == bindparam("task_id")).values(parent_id=null())
)


def move_to_trash(task_ids: Collection[int], now: datetime) -> None:
    """Move tasks and their descendants to the trash.

    Raises LimitReached if they are more than one request may delete.
    """
    if task_ids:
        parameters = {"ids": list(task_ids), "now": now}
        _check_number(len(db.session.execute(MOVE_TO_TRASH, parameters).all()))


def is_large(task_id: int) -> bool:
    """Return whether a task and its descendants need more than one batch."""
    parameters = {"ids": [task_id]}
    return int(db.session.scalar(SIZE, parameters) or 0) > BATCH


def mark_deleted(task_id: int) -> None:
    """Mark a task and its descendants for permanent deletion.

    No request finds them from now on. Raises LimitReached as `move_to_trash` does.
    """
    parameters = {"ids": [task_id]}
    _check_number(len(db.session.execute(MARK_DELETED, parameters).all()))
    outbox.work_available.set()  # wakes the thread that purges marked tasks


def external_ids(task: TaskRow) -> list[str]:
    """Return the external ids of a deleted task and of those deleted with it."""
    of = {"ids": [task.id], "since": task.deleted_at}
    return list(db.session.scalars(EXTERNAL_IDS, of))


def restore(task: TaskRow, now: datetime) -> None:
    """Restore a deleted task and those deleted with it.

    The task moves to the top level if its parent does not exist or is too deep.
    """
    of = {"ids": [task.id]}
    db.session.execute(RESTORE, of | {"now": now, "since": task.deleted_at})
    if task.parent_id is not None and not _fits(task):
        db.session.execute(DETACH, {"task_id": task.id})


def purge(retention: timedelta) -> int:
    """Permanently delete the tasks that were deleted earlier; return their number.

    Tasks without subtasks come first, so that no statement deletes a whole tree.
    """
    scope = and_(Task.deleted_at <= clock.now() - retention, LEAF)
    return statements.delete_all(Task, scope, batch=BATCH)


def purge_marked() -> int:
    """Delete the tasks marked for permanent deletion; return their number."""
    return statements.delete_all(
        Task, and_(Task.deleted_at == PERMANENTLY, LEAF), batch=BATCH
    )


def _check_number(number: int) -> None:
    if number > MAX_DELETED_TASKS:
        message = (
            f"One request can delete at most {MAX_DELETED_TASKS} tasks, including "
            "descendants. Delete some of the subtasks first."
        )
        raise LimitReached(message, limit=MAX_DELETED_TASKS)


def _fits(task: TaskRow) -> bool:
    parent = {"project": task.project_id, "ids": [task.parent_id]}
    if not db.session.execute(PRESENT, parent).all():
        return False
    return not tree.is_too_deep(task.id)
