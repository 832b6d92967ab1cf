"""Changes of stored tasks: columns, versions, external ids, limit.

A change of one task, locked or not, and a bulk change all call `revise`, which checks
versions and compares values, and then write what it returns. `locked_changes` has the
writes of locked tasks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from flask import current_app
from sqlalchemy import bindparam, exc, select

from taskapi import db
from taskapi.clock import midnight
from taskapi.db import statements, versioning
from taskapi.errors import (
    AlreadyExists,
    FieldError,
    Invalid,
    LimitReached,
)
from taskapi.tasks import tags
from taskapi.tasks.models import NOT_DELETED, Task, TaskRow, TaskStatus
from taskapi.tasks.queries import DEFAULTS, TASK_COUNT
from taskapi.tasks.search import index_terms
from taskapi.typing import Caller, Fields, Path

NOT_COLUMNS = {
    *("id", "if_version", "version", "due_date", "tags", "subtasks", "project_id")
}
"""Fields that `_columns` does not copy; `moves` writes the project."""

SEARCHED = ("title", "description")
"""The texts that a search finds."""

EXTERNAL_IDS = (
    select(Task.id, Task.project_id, Task.external_id)
    .where(
        Task.project_id.in_(bindparam("projects", expanding=True)),
        NOT_DELETED,
        Task.external_id.in_(bindparam("external_ids", expanding=True)),
    )
    .order_by(Task.id)
)
ExternalIds = Mapping[tuple[int, str | None], Path]
"""The location in the request of each external id, by project and external id."""

FindExternalIds = Callable[[], ExternalIds]


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


def new_row(owner_id: int, project_id: int, fields: Fields, now: datetime) -> Fields:
    """Return the columns of a new task."""
    own = {
        "project_id": project_id,
        "owner_id": owner_id,
        "terms": index_terms(project_id, *map(fields.get, SEARCHED)),
        "created_at": now,
        "updated_at": now,
    }
    return DEFAULTS | own | _columns(fields, completed_at=now)


def revise(changes: Sequence[Change], now: datetime) -> list[Revision]:
    """Return the effects of changes; a change without effect has none.

    The tasks are locked or, if the write is guarded by their version, only read. Tags
    are read here, after the lock: a blocked SELECT ... FOR UPDATE re-reads its own row,
    but other tables as they were when the statement began.

    Raises PreconditionFailed if a task has none of the accepted versions.
    """
    check_versions(changes)
    retagged = [change.task.id for change in changes if "tags" in change.fields]
    present = tags.find(retagged) if retagged else {}
    revisions = (_revision(c, present.get(c.task.id, []), now) for c in changes)
    return [revision for revision in revisions if revision]


def check_versions(changes: Sequence[Change]) -> None:
    """Raise PreconditionFailed if a task has none of the accepted versions."""
    expected = [
        (task, versions, path)
        for task, _, _, accepted in changes
        for path, versions in accepted.items()
    ]
    if expected:
        versioning.check(expected)


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
    if set(SEARCHED) & set(columns):
        texts = [columns.get(n, getattr(task, n)) for n in SEARCHED]
        columns["terms"] = index_terms(task.project_id, *texts)
    return columns


def _columns(fields: Fields, *, completed_at: datetime) -> Fields:
    """Translate fields: a due date is two columns, a status implies another one."""
    columns = fields.copy()
    for name in NOT_COLUMNS & columns.keys():
        del columns[name]
    if "due_date" in fields:
        due = fields["due_date"]
        is_day = due is not None and not isinstance(due, datetime)
        columns |= {"due_at": midnight(due) if is_day else due, "due_is_day": is_day}
    if "status" in fields:
        is_completed = fields["status"] is TaskStatus.COMPLETED
        columns["completed_at"] = completed_at if is_completed else None
    return columns


@contextmanager
def checked_constraints(paths: ExternalIds | FindExternalIds) -> Iterator[None]:
    """Raise AlreadyExists, with the existing task, for an external id that is taken.

    A function is called after the transaction was rolled back.
    """
    try:
        yield
    except exc.IntegrityError as error:
        if statements.violated_column(error, Task) != "external_id":
            raise
        db.undo()
        found = paths if isinstance(paths, Mapping) else paths()
        raise _external_id_taken(found) from error


def _external_id_taken(paths: ExternalIds) -> AlreadyExists:
    projects, names = zip(*paths, strict=True) if paths else ((), ())
    given = {"projects": list(projects), "external_ids": list(names)}
    found = [(row, (row.project_id, row.external_id)) for row in _read(given)]
    existing = [(row.id, paths[key]) for row, key in found if key in paths]
    named = {path for _, path in existing}
    if len({*paths.values()}) == 1:  # also if the other task moved in this request
        named = {*paths.values()}
    taken = FieldError("Another task has this external id.", "taken")
    return AlreadyExists(
        "The project has a task with this external_id. Change it or choose another "
        "one.",
        errors={(*path, "external_id"): [taken] for path in named},
        field="external_id",
        existing_id=existing[0][0] if existing else None,
    )


def _read(given: Fields) -> Sequence[TaskRow]:
    return db.read(EXTERNAL_IDS, given)


def external_id_paths(
    given: Mapping[Path, tuple[int, Fields]],
) -> dict[tuple[int, str | None], Path]:
    """Return the location of each external id in the request, which it has once.

    `given` has the project and the fields of each task. Raises Invalid if two tasks of
    a project have the same external id.
    """
    paths: dict[tuple[int, str | None], Path] = {}
    for path, (project_id, fields) in given.items():
        name = fields.get("external_id")
        if (project_id, name) in paths:
            error = FieldError("This external id is given more than once.", "repeated")
            raise Invalid({(*path, "external_id"): [error]})
        if name is not None:
            paths[project_id, name] = path
    return paths


def max_tasks() -> int:
    """Return the limit of tasks that an account has created, also in the trash."""
    return int(current_app.extensions["settings"].max_tasks_per_user)


def check_limit(caller: Caller, number: int) -> None:
    """Raise LimitReached if the account has no room for a number of new tasks.

    It locks the row of the account until the end of the transaction.
    """
    if not number:
        return
    present = db.session.scalar(TASK_COUNT, {"me": caller.id}) or 0
    if present + number > max_tasks():
        raise limit_reached()


def limit_reached() -> LimitReached:
    """Return the problem of an account that may have no more tasks."""
    limit = max_tasks()
    message = (
        f"An account can have {limit} tasks, including those in the trash. "
        "Delete some of them permanently first."
    )
    return LimitReached(message, limit=limit)
