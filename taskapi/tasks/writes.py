"""Changes of stored tasks: columns, versions, row locks, external ids, limit.

A change of one task, locked or not, and a bulk change all call `revise`, which checks
versions and compares values, and then write what it returns.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from flask import current_app
from sqlalchemy import bindparam, exc, select, update

from taskapi import db
from taskapi.clock import midnight
from taskapi.db import statements, versioning
from taskapi.errors import (
    AlreadyExists,
    Collision,
    FieldError,
    Invalid,
    LimitReached,
)
from taskapi.projects import access, locking
from taskapi.projects.locking import Roles
from taskapi.projects.models import Project
from taskapi.tasks import members, moves, tags, tree
from taskapi.tasks.models import EXISTING, NOT_DELETED, Task, TaskRow, TaskStatus, table
from taskapi.tasks.queries import DEFAULTS, STORED, TASK_COUNT
from taskapi.tasks.search import index_terms
from taskapi.tasks.tree import IDS
from taskapi.typing import Caller, Fields, Path

NOT_COLUMNS = {
    *("id", "if_version", "version", "due_date", "tags", "subtasks", "project_id")
}
"""Fields that are not columns of the same name; `moves` writes the project."""

PROJECTS = (
    select(Task.project_id)
    .where(Task.id.in_(IDS), access.visible(Task.project_id))
    .distinct()
)
# FOR NO KEY UPDATE: requests that only refer to the task, such as one that adds a
# subtask, need not wait. Ordered, so that two requests do not lock each other out.
LOCK_PROJECTS = locking.lock_where(
    Project.id.in_(select(Task.project_id).where(Task.id.in_(IDS)))
)
LOCK = (
    select(*STORED, access.role_in(Task.project_id).label("role"))
    .where(EXISTING, Task.id.in_(IDS), access.visible(Task.project_id))
    .order_by(Task.id)
    .with_for_update(key_share=True)
)
UPDATE = update(table).where(table.c.id == bindparam("task_id"))
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

NO_TARGETS: Mapping[Path, int] = MappingProxyType({})


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
        "terms": index_terms(project_id, fields["title"], fields.get("description")),
        "created_at": now,
        "updated_at": now,
    }
    return DEFAULTS | own | _columns(fields, completed_at=now)


def lock_targets(caller: Caller, targets: Mapping[Path, int]) -> None:
    """Lock the projects into which a request writes new tasks.

    Raises Invalid for those that the caller does not see, RoleRequired for a viewer.
    """
    check_targets(locking.lock(caller, targets.values()), targets)


def check_targets(roles: Roles, targets: Mapping[Path, int]) -> None:
    """Raise Invalid for projects that are not visible, RoleRequired for a viewer."""
    absent = [path for path, project_id in targets.items() if project_id not in roles]
    if absent:
        raise Invalid(
            {(*path, "project_id"): [access.UNKNOWN_PROJECT] for path in absent}
        )
    for project_id in targets.values():
        access.check_role(roles[project_id])


def lock_tasks(
    caller: Caller, task_ids: Collection[int], targets: Mapping[Path, int] = NO_TARGETS
) -> dict[int, TaskRow]:
    """Lock the tasks among these that the caller sees, and first their projects.

    Projects of `targets` are locked with them. Raises RoleRequired if the caller is a
    viewer of one of the projects, and what `check_targets` raises.
    """
    parameters = access.scope(caller) | {"ids": list(task_ids)}
    if targets:
        found = db.session.scalars(PROJECTS, parameters) if task_ids else ()
        roles = locking.lock(caller, {*targets.values(), *found})
        check_targets(roles, targets)
        locked = set(roles)
    else:
        locked = set(db.session.scalars(LOCK_PROJECTS, parameters))
    rows = db.session.execute(LOCK, parameters).all() if task_ids else []
    for row in rows:
        if row.project_id not in locked:  # moved since its project was read
            raise Collision
        access.check_role(row.role)
    return {row.id: row for row in rows}


def revise(changes: Sequence[Change], now: datetime) -> list[Revision]:
    """Return the effects of changes; a change without effect has none.

    The tasks are locked or, if the write is guarded by their version, only read. Tags
    are read here, after the lock: a blocked SELECT ... FOR UPDATE re-reads its own row,
    but other tables as they were when the statement began.

    Raises PreconditionFailed if a task has none of the accepted versions.
    """
    _check_versions(changes)
    retagged = [change.task.id for change in changes if "tags" in change.fields]
    present = tags.find(retagged) if retagged else {}
    revisions = (_revision(c, present.get(c.task.id, []), now) for c in changes)
    return [revision for revision in revisions if revision]


def _check_versions(changes: Sequence[Change]) -> None:
    versioning.check(
        (task, versions, path)
        for task, _, _, accepted in changes
        for path, versions in accepted.items()
    )


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
        columns["terms"] = index_terms(task.project_id, *texts)
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


def prepare(
    caller: Caller, changes: Sequence[Change], now: datetime
) -> Sequence[Change]:
    """Make the moves among changes of locked tasks; return the remaining changes.

    Their tags are as first written in the project. Raises PreconditionFailed, as
    `revise` does, and AlreadyExists if a moved task has a taken external id.
    """
    moved = [c for c in changes if moves.is_move(c.task, c.fields)]
    if moved:
        _check_versions(changes)
        for one in moved:
            names = moves.external_ids(one.task.id)
            target = one.fields["project_id"]
            paths = {(target, name): one.path for name in names}
            with checked_constraints(paths):
                moves.move(one.task.id, one.task.project_id, target, now)
        current = moves.reread([c.task for c in changes])
        changes = [c._replace(task=current[c.task.id]) for c in changes]
    return _with_stored_tags(caller, changes)


def _with_stored_tags(caller: Caller, changes: Sequence[Change]) -> Sequence[Change]:
    """Return changes with tags as first written in the project of each task."""
    given: defaultdict[int, list[str]] = defaultdict(list)
    for change in changes:
        given[change.task.project_id] += change.fields.get("tags", ())
    stored = {p: tags.stored_names(caller, p, names) for p, names in given.items()}
    return [
        c._replace(fields=tags.renamed(c.fields, stored[c.task.project_id]))
        for c in changes
    ]


def apply(revisions: Collection[Revision]) -> None:
    """Write revisions of locked tasks; raises errors of parents, cycles and depth."""
    by_project: defaultdict[int, list[Revision]] = defaultdict(list)
    for revision in revisions:
        by_project[revision.task.project_id].append(revision)
    for project_id, own in by_project.items():
        _apply(project_id, own)


def _apply(project_id: int, revisions: Collection[Revision]) -> None:
    moved = [r for r in revisions if "parent_id" in r.columns]
    tree.check_parents(project_id, {r.path: r.columns["parent_id"] for r in moved})
    members.check(project_id, {r.path: r.columns for r in revisions})
    # One statement for each set of columns, however many tasks there are.
    rows: defaultdict[frozenset[str], list[Fields]] = defaultdict(list)
    for revision in revisions:
        key = {"task_id": revision.task.id}
        rows[frozenset(revision.columns)].append(revision.columns | key)
    for similar in rows.values():
        db.session.execute(UPDATE, similar)
    retagged = {r.task.id: r.tags for r in revisions if r.tags is not None}
    tags.replace(project_id, retagged)
    tree.check_shapes({r.task.id: (*r.path, "parent_id") for r in moved})


@contextmanager
def checked_constraints(paths: ExternalIds) -> Iterator[None]:
    """Raise AlreadyExists, with the existing task, for an external id that is taken."""
    try:
        yield
    except exc.IntegrityError as error:
        if statements.violated_column(error, Task) != "external_id":
            raise
        db.undo()
        raise _external_id_taken(paths) from error


def _external_id_taken(paths: ExternalIds) -> AlreadyExists:
    projects, names = zip(*paths, strict=True) if paths else ((), ())
    given = {"projects": list(projects), "external_ids": list(names)}
    found = [(row, (row.project_id, row.external_id)) for row in _read(given)]
    existing = [(row.id, paths[key]) for row, key in found if key in paths]
    taken = FieldError("Another task has this external id.", "taken")
    return AlreadyExists(
        "The project has a task with this external_id. Change it or choose another "
        "one.",
        errors={(*path, "external_id"): [taken] for _, path in existing},
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
