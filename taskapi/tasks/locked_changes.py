"""Changes of tasks whose rows and projects are locked: locks, moves, writes."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Protocol

from sqlalchemy import bindparam, select, update

from taskapi import db
from taskapi.errors import Collision, Invalid
from taskapi.projects import access, locking
from taskapi.projects.locking import Roles
from taskapi.projects.models import Project, ProjectRole
from taskapi.tasks import members, moves, tags, tree
from taskapi.tasks.models import EXISTING, Task, TaskRow, table
from taskapi.tasks.queries import STORED
from taskapi.tasks.tree import IDS
from taskapi.tasks.writes import (
    Change,
    ExternalIds,
    Revision,
    check_versions,
    checked_constraints,
)
from taskapi.typing import Caller, Fields, Path

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

MOVE_ONLY = {"id", "if_version", "version", "project_id"}
"""Fields that change nothing after a move."""

NO_TARGETS: Mapping[Path, int] = MappingProxyType({})


class LockedTaskRow(TaskRow, Protocol):
    """A locked task, with the role of the caller in its project."""

    role: ProjectRole


class Locked(NamedTuple):
    """Locked tasks by their ids, and roles in the projects that a request names."""

    tasks: Mapping[int, LockedTaskRow]
    roles: Roles


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
    access.check_editor(
        {(*path, "project_id"): roles[i] for path, i in targets.items()}
    )


def lock_tasks(
    caller: Caller, task_ids: Collection[int], targets: Mapping[Path, int] = NO_TARGETS
) -> Locked:
    """Lock the tasks among these that the caller sees, and first their projects.

    Projects of `targets` are locked with them. Roles are not checked yet, so that a
    task that does not exist is reported first.
    """
    parameters = access.scope(caller) | {"ids": list(task_ids)}
    roles: Roles = {}
    if targets:
        found = db.session.scalars(PROJECTS, parameters) if task_ids else ()
        roles = locking.lock(caller, {*targets.values(), *found})
        locked = set(roles)
    else:
        locked = set(db.session.scalars(LOCK_PROJECTS, parameters))
    rows = db.session.execute(LOCK, parameters).all() if task_ids else []
    if any(row.project_id not in locked for row in rows):
        raise Collision  # moved since its project was read
    return Locked({row.id: row for row in rows}, roles)


def check_roles(
    locked: Locked, paths: Mapping[Path, int], targets: Mapping[Path, int] = NO_TARGETS
) -> None:
    """Raise RoleRequired for a viewer of a project, and what `check_targets` raises.

    `paths` are the ids of the locked tasks by their location in the request.
    """
    check_targets(locked.roles, targets)
    access.check_editor({path: locked.tasks[i].role for path, i in paths.items()})


def prepare(
    caller: Caller, changes: Sequence[Change], now: datetime
) -> Sequence[Change]:
    """Make the moves among changes of locked tasks; return the remaining changes.

    Their tags are as first written in the project. Raises PreconditionFailed, as
    `revise` does, AlreadyExists if a moved task has a taken external id, and Invalid if
    a task moves with one above it instead of as the request says.
    """
    moved = [c for c in changes if moves.is_move(c.task, c.fields)]
    if moved:
        check_versions(changes)
        moves.release([c.task.id for c in changes if _replaces_external_id(c)])
        unmoved = [change for change in moved if not _move(change, now)]
        if (
            not unmoved
            and len(changes) == 1
            and MOVE_ONLY.issuperset(changes[0].fields)
        ):
            return []
        current = moves.reread([c.task for c in changes])
        changes = [c._replace(task=current[c.task.id]) for c in changes]
        unmoved += [c for c in changes if moves.is_move(c.task, c.fields)]
        _check_moved(unmoved)
    return _with_stored_tags(caller, changes)


def _replaces_external_id(change: Change) -> bool:
    stored = change.task.external_id
    return change.fields.get("external_id", stored) != stored


def _check_moved(unmoved: Sequence[Change]) -> None:
    """Raise Invalid for tasks that have moved with one above them."""
    if unmoved:
        raise Invalid(
            {(*c.path, "project_id"): [moves.MOVED_WITH_PARENT] for c in unmoved}
        )


def _move(change: Change, now: datetime) -> bool:
    """Move a task; return False if it has moved already, with a task above it."""
    task, target = change.task, change.fields["project_id"]

    def find_external_ids() -> ExternalIds:
        return {(target, name): change.path for name in moves.external_ids(task.id)}

    with checked_constraints(find_external_ids):
        return moves.move(task.id, task.project_id, target, now)


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
