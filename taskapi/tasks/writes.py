"""Changes of stored tasks: columns, versions, row locks, external ids, limit.

A change of one task, locked or not, and a bulk change all call `revise`, which checks
versions and compares values, and then write what it returns.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from flask import current_app
from sqlalchemy import bindparam, exc, select, update

from taskapi import db
from taskapi.clock import midnight
from taskapi.db import statements, versioning
from taskapi.errors import AlreadyExists, FieldError, Invalid, LimitReached
from taskapi.tasks import tags, tree
from taskapi.tasks.models import EXISTING, NOT_DELETED, Task, TaskRow, TaskStatus, table
from taskapi.tasks.queries import DEFAULTS, OWNER, STORED, TASK_COUNT, owned
from taskapi.tasks.search import index_terms
from taskapi.tasks.tree import IDS
from taskapi.typing import Fields, Path

NOT_COLUMNS = {"id", "if_version", "version", "due_date", "tags", "subtasks"}
"""Fields that are not columns of the same name."""

# FOR NO KEY UPDATE: requests that only refer to the task, such as one that adds a
# subtask, need not wait. Ordered, so that two requests do not lock each other out.
LOCK = (
    select(*STORED)
    .where(owned(OWNER), EXISTING, Task.id.in_(IDS))
    .order_by(Task.id)
    .with_for_update(key_share=True)
)
UPDATE = update(table).where(table.c.id == bindparam("task_id"))
EXTERNAL_IDS = (
    select(Task.id, Task.external_id)
    .where(
        owned(OWNER),
        NOT_DELETED,
        Task.external_id.in_(bindparam("external_ids", expanding=True)),
    )
    .order_by(Task.id)
)


class Change(NamedTuple):
    """New values of a stored task.

    `path` is the location of the values in the request. `versions` maps the location of
    each required version to the versions that are accepted there.
    """

    task: TaskRow
    fields: Fields
    path: Path = ()
    versions: Mapping[Path, versioning.Versions] = {}


class Revision(NamedTuple):
    """Effect of a change: new values of columns, and tags if they change."""

    task: TaskRow
    columns: Fields
    tags: Sequence[str] | None
    path: Path


def new_row(owner_id: int, fields: Fields, now: datetime) -> Fields:
    """Return the columns of a new task."""
    terms = index_terms(owner_id, fields["title"], fields.get("description"))
    own = {"owner_id": owner_id, "terms": terms, "created_at": now, "updated_at": now}
    return DEFAULTS | own | _columns(fields, completed_at=now)


def lock_tasks(owner_id: int, task_ids: Collection[int]) -> dict[int, TaskRow]:
    """Lock the owner's tasks among these until the end of the transaction."""
    if not task_ids:
        return {}
    parameters = {"owner": owner_id, "ids": list(task_ids)}
    return {row.id: row for row in db.session.execute(LOCK, parameters)}


def revise(changes: Sequence[Change], now: datetime) -> list[Revision]:
    """Return the effects of changes; a change without effect has none.

    The tasks are locked or, if the write is guarded by their version, only read. Tags
    are read here, after the lock: a blocked SELECT ... FOR UPDATE re-reads its own row,
    but other tables as they were when the statement began.

    Raises PreconditionFailed if a task has none of the accepted versions.
    """
    versioning.check(
        (task, versions, path)
        for task, _, _, accepted in changes
        for path, versions in accepted.items()
    )
    retagged = [change.task.id for change in changes if "tags" in change.fields]
    present = tags.find(retagged) if retagged else {}
    revisions = (_revision(c, present.get(c.task.id, []), now) for c in changes)
    return [revision for revision in revisions if revision]


def _revision(change: Change, present: Sequence[str], now: datetime) -> Revision | None:
    task, fields, path, _ = change
    columns = _changed_columns(task, fields, now)
    names = fields.get("tags")
    if names is not None and sorted(names) == sorted(present):
        names = None
    if not columns and names is None:
        return None
    columns |= {"version": task.version + 1, "updated_at": now}
    return Revision(task, columns, names, path)


def _changed_columns(task: TaskRow, fields: Fields, now: datetime) -> Fields:
    """Return the columns that get another value than the task has."""
    new = _columns(fields, completed_at=task.completed_at or now)
    columns = {n: value for n, value in new.items() if getattr(task, n) != value}
    if {"title", "description"} & set(columns):
        texts = [columns.get(n, getattr(task, n)) for n in ("title", "description")]
        columns["terms"] = index_terms(task.owner_id, *texts)
    return columns


def _columns(fields: Fields, *, completed_at: datetime) -> Fields:
    """Translate fields: a due date is two columns, a status implies another one."""
    columns = {name: value for name, value in fields.items() if name not in NOT_COLUMNS}
    if "due_date" in fields:
        due = fields["due_date"]
        is_day = due is not None and not isinstance(due, datetime)
        columns |= {"due_at": midnight(due) if is_day else due, "due_is_day": is_day}
    if "status" in fields:
        is_completed = fields["status"] is TaskStatus.COMPLETED
        columns["completed_at"] = completed_at if is_completed else None
    return columns


def apply(owner_id: int, revisions: Collection[Revision]) -> None:
    """Write revisions of locked tasks; raises errors of parents, cycles and depth."""
    moved = [r for r in revisions if "parent_id" in r.columns]
    tree.check_parents(owner_id, {r.path: r.columns["parent_id"] for r in moved})
    # One statement for each set of columns, however many tasks there are.
    rows: defaultdict[frozenset[str], list[Fields]] = defaultdict(list)
    for revision in revisions:
        key = {"task_id": revision.task.id}
        rows[frozenset(revision.columns)].append(revision.columns | key)
    for similar in rows.values():
        db.session.execute(UPDATE, similar)
    tags.replace(owner_id, {r.task.id: r.tags for r in revisions if r.tags is not None})
    tree.check_shapes(owner_id, {r.task.id: (*r.path, "parent_id") for r in moved})


@contextmanager
def checked_constraints(owner_id: int, paths: Mapping[str, Path]) -> Iterator[None]:
    """Raise the problem of a constraint that the writes of the block violate.

    AlreadyExists, with the existing task, for an external id; `paths` maps those that
    are written to their tasks in the request. LimitReached if OWNER_WITH_ROOM is NULL.
    """
    try:
        yield
    except exc.IntegrityError as error:
        column = statements.violated_column(error, Task)
        if column not in {"external_id", "owner_id"}:
            raise
        db.undo()
        if column == "owner_id":
            raise _limit_reached() from error
        raise _external_id_taken(owner_id, paths) from error


def _external_id_taken(owner_id: int, paths: Mapping[str, Path]) -> AlreadyExists:
    names = {"owner": owner_id, "external_ids": list(paths)}
    existing = db.read(EXTERNAL_IDS, names)
    taken = FieldError("Another task has this external id.", "taken")
    return AlreadyExists(
        "You have a task with this external_id. Change it or choose another one.",
        errors={(*paths[row.external_id], "external_id"): [taken] for row in existing},
        field="external_id",
        existing_id=existing[0].id if existing else None,
    )


def external_id_paths(given: Mapping[Path, Fields]) -> dict[str, Path]:
    """Return the task in the request that has each external id.

    Raises Invalid if two tasks have the same.
    """
    paths: dict[str, Path] = {}
    for path, fields in given.items():
        name = fields.get("external_id")
        if name in paths:
            error = FieldError("This external id is given more than once.", "repeated")
            raise Invalid({(*path, "external_id"): [error]})
        if name is not None:
            paths[name] = path
    return paths


def max_tasks() -> int:
    """Return the limit of tasks per account, including those in the trash."""
    return int(current_app.extensions["settings"].max_tasks_per_user)


def check_limit(owner_id: int, number: int) -> None:
    """Raise LimitReached if the account has no room for a number of new tasks.

    The row of the account is locked.
    """
    if not number:
        return
    present = db.session.scalar(TASK_COUNT, {"owner": owner_id}) or 0
    if present + number > max_tasks():
        raise _limit_reached()


def _limit_reached() -> LimitReached:
    limit = max_tasks()
    message = (
        f"An account can have {limit} tasks, including those in the trash. "
        "Delete some of them permanently first."
    )
    return LimitReached(message, limit=limit)
