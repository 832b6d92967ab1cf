"""The trash: tasks that were deleted, and can come back for a while.

A task goes with all that is below it. The moment when they went, `deleted_at`, is what
they have in common, and brings the same ones back.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, exists, null, select, update

from taskapi import clock, db
from taskapi.db import AnyRow, statements
from taskapi.db.types import UtcDateTime
from taskapi.tasks import tree
from taskapi.tasks.models import NOT_DELETED, Task, table
from taskapi.tasks.queries import NOW
from taskapi.tasks.tree import PRESENT, downwards

BATCH = 200
"""Tasks deleted in one transaction; each has tags and entries of the search index."""

_children = table.alias("children")
LEAF = ~exists().where(_children.c.parent_id == Task.id)
SINCE = bindparam("since", type_=UtcDateTime)
RAISED = {"version": table.c.version + 1, "updated_at": NOW}
_living, _gone = downwards(NOT_DELETED), downwards(Task.deleted_at == SINCE)
TAKE = (
    update(table)
    .where(table.c.id.in_(select(_living.c.id)))
    .values(deleted_at=NOW, **RAISED)
)
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
    """Move live tasks, and all that is below them, to the trash."""
    if task_ids:
        of = {"whose": owner_id, "ids": list(task_ids), "now": now}
        db.session.execute(TAKE, of)


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


def _fits(task: AnyRow) -> bool:
    parent = {"whose": task.owner_id, "ids": [task.parent_id]}
    if not db.session.execute(PRESENT, parent).all():
        return False
    return not tree.is_too_deep(task.owner_id, task.id)
