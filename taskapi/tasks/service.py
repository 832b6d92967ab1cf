"""Rules for one task, and reads of tasks; `bulk` has the rules for several tasks."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import and_

from taskapi import clock, db
from taskapi.db import versioning
from taskapi.db.pagination import PageRequest
from taskapi.db.versioning import Versions
from taskapi.errors import FieldError, Invalid, NotFound, RoleRequired
from taskapi.projects import access
from taskapi.projects.models import ProjectRole
from taskapi.tasks import (
    conditions,
    creation,
    listing,
    members,
    queries,
    sorting,
    tags,
    trash,
    tree,
    writes,
)
from taskapi.tasks.models import (
    EXISTING,
    MAX_EXPANDED_TASKS,
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
        return find_trees(caller, [task_id])[0]
    names: list[str] = []
    if fields.get("tags"):
        stored = tags.stored_names(caller, project_id, fields["tags"], is_locked=False)
        names = list(stored.values())
    row = writes.new_row(caller.id, project_id, fields, clock.now())
    row |= credentials.of(caller) | read_parameters(caller)
    row |= {"joined": ",".join(names), "max_tasks": writes.max_tasks()}
    row |= {"project": project_id, "assignee": fields.get("assignee_id")}
    paths = writes.external_id_paths({(): (project_id, fields)})
    with writes.checked_constraints(paths):
        inserted = db.write(queries.INSERT, row, alone=not names)
    if not inserted:
        raise _refusal(caller, row)
    task = inserted[0]
    if names:
        tags.attach(project_id, {task.id: names})
    return task


def _refusal(caller: Caller, row: Fields) -> Exception:
    """Return the reason for which a task was not inserted."""
    allowed: Any = db.read(queries.REFUSAL, row)[0]
    if allowed.role is None:
        return Invalid({"project_id": [access.UNKNOWN_PROJECT]})
    if allowed.role is ProjectRole.VIEWER:
        return RoleRequired(required_role=ProjectRole.EDITOR)
    if not allowed.can_assign:
        return Invalid({"assignee_id": [members.NOT_A_MEMBER]})
    return credentials.revoked(caller) if allowed.has_room else writes.limit_reached()


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
    return find(caller, task_id)


def _change_unlocked(
    caller: Caller, task_id: int, fields: Fields, versions: Versions
) -> ShownTaskRow | None:
    """Change a task without a lock; return None if it changed between read and write.

    Guarded by the version that was read, this takes 3 round trips to PostgreSQL, with
    a row lock 6: 589 instead of 378 changes per second with 16 clients. If the version
    has changed, the caller locks the row instead of trying again: concurrent changes of
    one task then wait in the queue of the database.
    """
    task = _find_writable(caller, task_id)
    changes = [Change(task, fields, versions={(): versions})]
    revisions = writes.revise(changes, clock.now())
    if not revisions:
        return task
    columns = revisions[0].columns
    parameters = read_parameters(caller) | credentials.of(caller) | columns
    parameters |= {"task_id": task_id, "read_version": task.version}
    parameters["assignee"] = columns.get("assignee_id")
    statement = queries.guarded_update(frozenset(columns))
    paths = writes.external_id_paths({(): (task.project_id, columns)})
    with writes.checked_constraints(paths):
        rows = db.write(statement, parameters, alone=True)
    return rows[0] if rows else None


def _change_locked(
    caller: Caller, task_id: int, fields: Fields, versions: Versions
) -> ShownTaskRow:
    """Change a task, its project, parent and tags while its row is locked."""
    task = _lock(caller, task_id, versions, target=fields.get("project_id"))
    now = clock.now()
    changes = writes.prepare(caller, [Change(task, fields)], now)
    revisions = writes.revise(changes, now)
    given = {r.path: (r.task.project_id, r.columns) for r in revisions}
    with writes.checked_constraints(writes.external_id_paths(given)):
        writes.apply(revisions)
    # Read again: a blocked FOR UPDATE returns the row itself as it is now, but the
    # counts of subtasks as they were before.
    return find(caller, task_id)


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
    task = writes.lock_tasks(caller, [task_id], targets).get(task_id)
    if task is None or (task.deleted_at is not None and not deleted):
        raise NotFound
    versioning.check([(task, versions, ())])
    return task


def read_parameters(caller: Caller) -> Fields:
    """Return the parameters of every read: what is visible, and the time."""
    now = clock.now()
    today = clock.midnight(clock.current_day(now, caller.timezone))
    times = {"now": now, "today": today, "latest": max(now, today)}
    return access.scope(caller) | times


def find(caller: Caller, task_id: int) -> ShownTaskRow:
    """Return a task; raises NotFound."""
    found = db.read(queries.ONE, read_parameters(caller) | {"task_id": task_id})
    if not found:
        raise NotFound
    return found[0]


def _find_writable(caller: Caller, task_id: int) -> ShownTaskRow:
    """Return a task that the caller may change; raises NotFound or RoleRequired."""
    parameters = read_parameters(caller) | {"task_id": task_id}
    found = db.read(queries.ONE_WITH_ROLE, parameters)
    if not found:
        raise NotFound
    access.check_role(found[0].role)
    return found[0]


def find_existing(caller: Caller, task_ids: Sequence[int]) -> Sequence[ShownTaskRow]:
    """Return those of the tasks that exist, in any order."""
    if not task_ids:
        return []
    return db.read(queries.SEVERAL, read_parameters(caller) | {"ids": task_ids})


def find_trees(caller: Caller, task_ids: Sequence[int]) -> list[SimpleNamespace]:
    """Return tasks with their descendants; raises NotFound.

    Raises Invalid if they are more than 1,000 tasks.
    """
    statement = tree.TREE[db.database.engine.dialect.name]
    found = tree.nest(db.read(statement, read_parameters(caller) | {"ids": task_ids}))
    if len(found) > MAX_EXPANDED_TASKS:
        text = "The tree has more than 1,000 tasks. List them by parent_id."
        error = FieldError(text, "range")
        raise Invalid({"expand": [error]}, in_query=True)
    if not set(task_ids) <= set(found):
        raise NotFound
    return [found[task_id] for task_id in task_ids]


def find_page(
    caller: Caller, filters: Fields, sort: str, page: PageRequest
) -> Sequence[ShownTaskRow]:
    """Return a page of the caller's tasks, and one more row if there are more.

    Far from the start of a list that is read in parts, the ids are read first:
    computing all columns of the skipped rows takes 437 instead of 176 ms at offset
    10,000.
    """
    keys = sorting.parse_sort(sort)
    if page.offset and listing.has_parts(keys):
        rows = _find_page(caller, filters, keys, page, only_ids=True)
        ids = [row.id for row in rows]
        by_id = {row.id: row for row in find_existing(caller, ids)}
        if len(by_id) == len(ids):
            return [by_id[task_id] for task_id in ids]
    return _find_page(caller, filters, keys, page)


def _find_page(
    caller: Caller,
    filters: Fields,
    keys: sorting.Keys,
    page: PageRequest,
    *,
    only_ids: bool = False,
) -> Sequence[ShownTaskRow]:
    names, parameters = conditions.translate(caller, filters)
    position = page.after[0] if page.after else ()
    after = tuple([value is not None for value in position])
    limit = page.limit + 1
    parameters = read_parameters(caller) | parameters
    parameters |= {"limit": limit, "offset": page.offset, "most": limit + page.offset}
    if page.after:
        parameters |= sorting.cursor_parameters(keys, page.after, caller.timezone)
    statement, has_parts = listing.page(
        db.database.engine.dialect.name, names, keys, after, only_ids=only_ids
    )
    rows = db.read(statement, parameters)
    if not has_parts:
        return rows
    merged = sorting.merge(rows, keys, caller.timezone)
    return merged[page.offset : page.offset + limit]


def position(caller: Caller, sort: str) -> Callable[[TaskRow], list[Any]]:
    """Return the function that computes the sort values of a task."""
    keys = sorting.parse_sort(sort)
    return lambda row: sorting.position_of(row, keys, caller.timezone)


def count(caller: Caller, filters: Fields) -> int:
    """Return the number of tasks that match the filters."""
    names, parameters = conditions.translate(caller, filters)
    rows = db.read(listing.total(names), read_parameters(caller) | parameters)
    return int(rows[0].total)
