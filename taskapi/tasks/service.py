"""The rules of tasks, one at a time; `bulk` has those for many."""

from typing import Any

from sqlalchemy import String, and_, bindparam, insert, literal, select

from taskapi import clock, db
from taskapi.db import AnyRow, versioning
from taskapi.db.compiled import CompiledStatement
from taskapi.db.versioning import Versions
from taskapi.errors import NotFound, PreconditionFailed
from taskapi.tasks import (
    external,
    limit,
    queries,
    reading,
    tags,
    trash,
    tree,
    values,
    writes,
)
from taskapi.tasks.creation import Draft, everything, plant
from taskapi.tasks.models import EXISTING, PERMANENTLY, Task, table
from taskapi.users import credentials

GIVEN = {name: bindparam(name, type_=table.c[name].type) for name in values.DEFAULTS}
COLUMNS = GIVEN | {"owner_id": limit.OWNER_WITH_ROOM}
INSERT = CompiledStatement(
    insert(table)
    .from_select(
        list(COLUMNS),
        select(*COLUMNS.values()).where(credentials.valid()),
        include_defaults=False,
    )
    .returning(
        *queries.STORED,
        bindparam("joined", type_=String()).label("tags"),
        literal(0).label("subtask_count"),
        literal(0).label("done_count"),
        queries.overdue(queries.NOW, queries.TODAY).label("is_overdue"),
    )
)
"""A new task without subtasks; none if the caller's credentials are not valid."""

REARRANGING = {"parent_id", "tags"}
"""Fields that lie in other rows too."""


def create(caller: Any, fields: dict[str, Any]) -> Any:
    """Make a task of the caller's, with what hangs below it."""
    if fields.get("subtasks") or fields.get("parent_id") is not None:
        return _plant(caller, fields)
    names = list(tags.as_written(caller.id, fields.get("tags", [])).values())
    columns = values.first(caller.id, fields, clock.now())
    shown = reading.moments(caller) | {"joined": ",".join(names)} | limit.most()
    given = columns | shown | credentials.of(caller)
    with external.unique(caller.id, external.places({(): fields})), limit.enforced():
        inserted = db.write(INSERT, given, alone=not names)
    if not inserted:
        raise credentials.revoked(caller)
    task = inserted[0]
    tags.attach(caller.id, {task.id: names})
    return task


def change(
    caller: Any, task_id: int, changes: dict[str, Any], versions: Versions = None
) -> AnyRow:
    """Set the fields that are given; raises NotFound or PreconditionFailed."""
    alone = not REARRANGING & set(changes)
    changed = _revised(caller, task_id, changes, versions) if alone else None
    return changed or _rearranged(caller, task_id, changes, versions)


def delete(caller: Any, task_id: int, versions: Versions, *, permanent: bool) -> None:
    """Move a task and what is below it to the trash, or delete it permanently.

    A large tree is marked as deleted, and deleted by the background job.
    """
    tree.hold(caller.id)
    if permanent and not trash.is_large(caller.id, task_id):
        one = and_(queries.owned(caller.id), Task.id == task_id, EXISTING)
        versioning.remove(Task, one, versions)
        return
    _held(caller, task_id, versions, live=not permanent)
    if permanent:
        trash.mark(caller.id, task_id)
    else:
        trash.take(caller.id, [task_id], clock.now())


def restore(caller: Any, task_id: int, versions: Versions = None) -> AnyRow:
    """Take a task out of the trash with what went along; one that is not there stays.

    Raises AlreadyExists when an external id is used by another task by now.
    """
    tree.hold(caller.id)
    task = _held(caller, task_id, versions, live=False)
    if task.deleted_at is not None:
        with external.unique(caller.id, dict.fromkeys(trash.external_ids(task), ())):
            trash.bring_back(task, clock.now())
    return reading.find(caller, task_id)


def _revised(
    caller: Any, task_id: int, changes: dict[str, Any], versions: Versions
) -> AnyRow | None:
    """Change a task as it was read; None when another change came in between."""
    task = _meant(reading.find(caller, task_id), versions)
    revisions = writes.revise({(): (task, changes)}, clock.now())
    if not revisions:
        return task
    columns = revisions[()].columns
    of = reading.moments(caller) | {"task_id": task_id, "seen": task.version}
    statement = queries.revision(frozenset(columns))
    with external.unique(caller.id, external.places({(): columns})):
        given = columns | of | credentials.of(caller)
        rows = db.write(statement, given, alone=True)
    return rows[0] if rows else None


def _rearranged(
    caller: Any, task_id: int, changes: dict[str, Any], versions: Versions
) -> AnyRow:
    """Change a task, and what lies in other rows, while nobody else changes it."""
    if "parent_id" in changes:
        tree.hold(caller.id)
    if "tags" in changes:  # before the task is locked, since it may lock the owner
        written = tags.as_written(caller.id, changes["tags"])
        changes = changes | {"tags": list(written.values())}
    task = _held(caller, task_id, versions)
    revisions = writes.revise({(): (task, changes)}, clock.now())
    given = {path: revision.columns for path, revision in revisions.items()}
    with external.unique(caller.id, external.places(given)):
        writes.apply(caller.id, revisions)
    return reading.find(caller, task_id)


def _plant(caller: Any, fields: dict[str, Any]) -> Any:
    drafts = [Draft(fields, ())]
    given = {draft.path: draft.fields for draft in everything(drafts)}
    tree.hold(caller.id)
    with external.unique(caller.id, external.places(given)):
        planted = plant(caller.id, drafts, clock.now())
    return reading.find_trees(caller, planted)[0]


def _held(
    caller: Any, task_id: int, versions: Versions, *, live: bool = True
) -> AnyRow:
    """Return a task, locked, if it has one of the versions."""
    task = writes.hold(caller.id, [task_id]).get(task_id)
    if task is None or task.deleted_at == PERMANENTLY:
        raise NotFound
    if live and task.deleted_at is not None:
        raise NotFound
    return _meant(task, versions)


def _meant(task: AnyRow, versions: Versions) -> AnyRow:
    """Return a task that is one of the versions; raises PreconditionFailed."""
    if versions is not None and task.version not in versions:
        raise PreconditionFailed(current_version=task.version)
    return task
