"""Moves of tasks to another project, with all descendants, also those in the trash.

The caller is an editor of both projects, which are locked. Tags move along; assignees
who are not members of the target are cleared.
"""

from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import cast

from sqlalchemy import bindparam, case, func, null, select, update

from taskapi import db
from taskapi.db.types import Id
from taskapi.errors import FieldError, LimitReached
from taskapi.projects import access
from taskapi.tasks.models import (
    EXISTING,
    MAX_DELETED_TASKS,
    NOT_DELETED,
    Task,
    TaskRow,
    table,
    task_tags,
)
from taskapi.tasks.queries import NOW, PROJECT, STORED
from taskapi.tasks.search_index import MovedTerms
from taskapi.tasks.tree import IDS, descendants
from taskapi.typing import Fields

TARGET = bindparam("target", type_=Id)
_below = descendants(EXISTING)
_moved = select(_below.c.id).limit(MAX_DELETED_TASKS + 1).cte("moved")
MOVE = (
    update(table)
    .where(table.c.id.in_(select(_moved.c.id)), table.c.project_id == PROJECT)
    .values(
        project_id=TARGET,
        parent_id=case((table.c.id.in_(IDS), null()), else_=table.c.parent_id),
        assignee_id=case(
            (access.is_member(TARGET, table.c.assignee_id), table.c.assignee_id),
            else_=null(),
        ),
        terms=MovedTerms(table.c.terms, PROJECT, TARGET),
        version=table.c.version + 1,
        updated_at=NOW,
    )
    .returning(table.c.id)
)
_stored = task_tags.alias("stored")
_stored_name = (
    select(_stored.c.name)
    .where(_stored.c.project_id == TARGET, _stored.c.key == task_tags.c.key)
    .limit(1)
    .scalar_subquery()
)
MOVE_TAGS = (
    update(task_tags)
    .where(task_tags.c.task_id.in_(IDS))
    .values(project_id=TARGET, name=func.coalesce(_stored_name, task_tags.c.name))
)
EXTERNAL_IDS = (
    select(Task.external_id)
    .join(_below, _below.c.id == Task.id)
    .where(Task.external_id.is_not(None), NOT_DELETED)
)
RELEASE = update(table).where(table.c.id.in_(IDS)).values(external_id=null())
STORED_ROWS = select(*STORED).where(Task.id.in_(IDS))
MOVED_WITH_PARENT = FieldError(
    "The task moves with a task above it, which the request moves too.", "repeated"
)


def is_move(task: TaskRow, fields: Fields) -> bool:
    """Return whether fields of a change name another project."""
    target: int = fields.get("project_id", task.project_id)
    return target != task.project_id


def release(task_ids: Sequence[int]) -> None:
    """Clear the external ids of tasks that get others after the moves.

    Otherwise an id that the request replaces could be taken in the target.
    """
    if task_ids:
        db.session.execute(RELEASE, {"ids": task_ids})


def external_ids(task_id: int) -> Sequence[str | None]:
    """Return the external ids of a task and its descendants outside the trash."""
    return [row.external_id for row in db.read(EXTERNAL_IDS, {"ids": [task_id]})]


def move(task_id: int, project_id: int, target: int, now: datetime) -> bool:
    """Move a task and its descendants; the task moves to the top level.

    Return False if the task has moved already, with a task above it. Raises
    LimitReached if they are more than one request may move, IntegrityError for an
    external id that is taken in the target.
    """
    parameters = {"ids": [task_id], "project": project_id, "target": target}
    moved = db.session.scalars(MOVE, parameters | {"now": now}).all()
    if len(moved) > MAX_DELETED_TASKS:
        message = (
            f"One request can move at most {MAX_DELETED_TASKS} tasks, including "
            "descendants. Move some of the subtasks first."
        )
        raise LimitReached(message, limit=MAX_DELETED_TASKS)
    if moved:
        db.session.execute(MOVE_TAGS, {"ids": moved, "target": target})
    return task_id in moved


def reread(tasks: Sequence[TaskRow]) -> dict[int, TaskRow]:
    """Return tasks as they are after moves, with previous versions and external ids.

    A change that follows a move is part of it, and does not raise the version again.
    """
    before = {
        task.id: {"version": task.version, "external_id": task.external_id}
        for task in tasks
    }
    rows = db.session.execute(STORED_ROWS, {"ids": list(before)})
    return {
        row.id: cast("TaskRow", SimpleNamespace(**row._asdict() | before[row.id]))
        for row in rows
    }
