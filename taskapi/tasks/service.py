"""Rules for one task; `bulk` has those for several, and `reads` finds tasks."""

from types import SimpleNamespace
from typing import Any, NoReturn

from sqlalchemy import and_

from taskapi import clock, db
from taskapi.db import versioning
from taskapi.db.versioning import Versions
from taskapi.errors import Invalid, NotFound
from taskapi.projects import access
from taskapi.tasks import (
    creation,
    locked_changes,
    members,
    queries,
    reads,
    tags,
    trash,
    writes,
)
from taskapi.tasks.models import (
    EXISTING,
    ShownTaskRow,
    Task,
    TaskRow,
)
from taskapi.tasks.writes import Change
from taskapi.typing import Caller, Fields, Path
from taskapi.users import credentials

IN_OTHER_ROWS = {"parent_id", "tags", "project_id"}
"""Fields whose rules or values concern other rows than that of the task."""


def create(caller: Caller, fields: Fields) -> ShownTaskRow | SimpleNamespace:
    """Create a task with its subtasks.

    Raises Invalid for a project, parent or assignee that the caller cannot use,
    RoleRequired for a viewer of the project, LimitReached, AlreadyExists.
    """
    project_id = access.default(caller, fields.get("project_id"))
    if fields.get("subtasks") or fields.get("parent_id") is not None:
        task_id = creation.create_tree(caller, project_id, fields)
        return reads.find_trees(caller, [task_id])[0]
    names = _tag_names(caller, project_id, fields) if fields.get("tags") else []
    row = access.parameters(caller)
    row |= writes.new_row(caller.id, project_id, fields, row["now"])
    row |= {"joined": ",".join(names), "max_tasks": writes.max_tasks()}
    row |= {"project": project_id, "assignee": fields.get("assignee_id")}
    external_id = (project_id, fields.get("external_id"))
    with writes.checked_constraints({external_id: ()}):
        inserted = db.write(queries.INSERT, row, alone=not names)
    if not inserted:
        _reject(caller, row)
    task = inserted[0]
    if names:
        tags.attach(project_id, {task.id: names})
    return task


def _tag_names(caller: Caller, project_id: int, fields: Fields) -> list[str]:
    given = fields["tags"]
    stored = tags.stored_names(caller, project_id, given, is_locked=False)
    return list(stored.values())


def _reject(caller: Caller, row: Fields) -> NoReturn:
    """Raise the error that explains why no task was inserted."""
    allowed: Any = db.read(queries.REJECTION, row)[0]
    if allowed.role is None:
        raise Invalid({"project_id": [access.UNKNOWN_PROJECT]})
    access.check_editor({("project_id",): allowed.role})
    if not allowed.can_assign:
        raise Invalid({"assignee_id": [members.NOT_A_MEMBER]})
    raise (
        credentials.revoked_error(caller)
        if allowed.has_room
        else writes.limit_reached()
    )


def change(
    caller: Caller, task_id: int, changes: Fields, versions: Versions = None
) -> ShownTaskRow:
    """Set fields of a task; raises NotFound or PreconditionFailed."""
    changed = None
    if IN_OTHER_ROWS.isdisjoint(changes):
        changed = _change_unlocked(caller, task_id, changes, versions)
    return changed or _change_locked(caller, task_id, changes, versions)


def delete(
    caller: Caller, task_id: int, versions: Versions, *, permanent: bool
) -> None:
    """Move a task and its descendants to the trash, or delete them permanently.

    A large tree is only marked; the background job deletes its rows.
    """
    _lock(caller, task_id, versions, deleted=permanent)
    if not permanent:
        trash.move_to_trash([task_id], clock.now())
    elif trash.is_large(task_id):
        trash.mark_deleted(task_id)
    else:
        versioning.remove(Task, and_(Task.id == task_id, EXISTING))


def restore(caller: Caller, task_id: int, versions: Versions = None) -> ShownTaskRow:
    """Restore a task and those deleted with it; others stay as they are.

    Raises AlreadyExists if another task has one of the external ids.
    """
    task = _lock(caller, task_id, versions, deleted=True)
    if task.deleted_at is not None:
        names = ((task.project_id, name) for name in trash.external_ids(task))
        with writes.checked_constraints(dict.fromkeys(names, ())):
            trash.restore(task, clock.now())
    return reads.find(caller, task_id)


def _change_unlocked(
    caller: Caller, task_id: int, fields: Fields, versions: Versions
) -> ShownTaskRow | None:
    """Change a task without a lock; return None if it changed between read and write.

    Guarded by the version that was read, this takes 3 round trips to PostgreSQL, with
    a row lock 6: 589 instead of 378 changes per second with 16 clients. If the version
    has changed, the caller locks the row instead of trying again: concurrent changes of
    one task then wait in the queue of the database.
    """
    parameters = access.parameters(caller) | {"task_id": task_id}
    task = _find_writable(parameters)
    accepted: dict[Path, Versions] = {} if versions is None else {(): versions}
    change = Change(task, fields, versions=accepted)
    revisions = writes.revise([change], clock.now())
    if not revisions:
        return task
    columns = revisions[0].columns
    parameters |= columns | {"read_version": task.version}
    parameters["assignee"] = columns.get("assignee_id")
    statement = queries.guarded_update(frozenset(columns))
    external_id = (task.project_id, columns.get("external_id"))
    with writes.checked_constraints({external_id: ()}):
        rows = db.write(statement, parameters, alone=True)
    return rows[0] if rows else None


def _change_locked(
    caller: Caller, task_id: int, fields: Fields, versions: Versions
) -> ShownTaskRow:
    """Change a task, its project, parent and tags while its row is locked."""
    task = _lock(caller, task_id, versions, target=fields.get("project_id"))
    now = clock.now()
    changes = locked_changes.prepare(caller, [Change(task, fields)], now)
    revisions = writes.revise(changes, now)
    given = {r.path: (r.task.project_id, r.columns) for r in revisions}
    with writes.checked_constraints(writes.external_id_paths(given)):
        locked_changes.apply(revisions)
    # Read again: a blocked FOR UPDATE returns the row itself as it is now, but the
    # counts of subtasks as they were before.
    return reads.find(caller, task_id)


def _lock(
    caller: Caller,
    task_id: int,
    versions: Versions = None,
    *,
    deleted: bool = False,
    target: int | None = None,
) -> TaskRow:
    """Lock a task and check its version; `deleted` accepts one in the trash.

    The project `target` is locked with that of the task.
    """
    targets: dict[Path, int] = {} if target is None else {(): target}
    locked = locked_changes.lock_tasks(caller, [task_id], targets)
    task = locked.tasks.get(task_id)
    if task is None or (task.deleted_at is not None and not deleted):
        raise NotFound
    locked_changes.check_roles(locked, {(): task_id}, targets)
    versioning.check([(task, versions, ())])
    return task


def _find_writable(parameters: Fields) -> ShownTaskRow:
    """Return a task that the caller may change; raises NotFound or RoleRequired."""
    found = db.read(queries.ONE_WITH_ROLE, parameters)
    if not found:
        raise NotFound
    access.check_editor({(): found[0].role})
    return found[0]
