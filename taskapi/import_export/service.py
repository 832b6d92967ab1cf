"""Import of tasks into a project, all of them or none.

An import only adds tasks. A line with the external id of an existing task is skipped,
so that a file can be imported again; its subtasks are added to the existing task.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import NamedTuple, TypeVar

from sqlalchemy import bindparam, text, update

from taskapi import clock, db
from taskapi.db import statements
from taskapi.errors import (
    FieldError,
    InvalidLines,
    NotFound,
    ParentCycle,
    ParentTooDeep,
    RateLimited,
    RequestInProgress,
)
from taskapi.import_export.lines import ParsedTask
from taskapi.projects import access, locking
from taskapi.tasks import tags
from taskapi.tasks.creation import INSERT
from taskapi.tasks.models import MAX_TREE_DEPTH, Task, table
from taskapi.tasks.tree import ANCESTORS
from taskapi.tasks.writes import EXTERNAL_IDS, check_limit, new_row
from taskapi.typing import Caller, Fields

BATCH = 1_000
"""Rows of one statement."""

MAX_TREE_ERRORS = 1_000
RETRY_SECONDS = 5
SET_PARENT = (
    update(table)
    .where(table.c.id == bindparam("task_id"))
    .values(parent_id=bindparam("parent"))
)
LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
SPECIAL_FIELDS = {"id", "parent_id", "updated_at", "owner", "project_id", "assignee_id"}
"""Fields of a line that are not columns of the new task."""

UNKNOWN_PARENT = FieldError("No line of this file has this id.", "not-found")
CYCLE = FieldError(ParentCycle.message, ParentCycle.code)
TOO_DEEP = FieldError(ParentTooDeep.message, ParentTooDeep.code)

T = TypeVar("T")
Parents = dict[int, int | None]
"""The line of the parent of each line."""

_lock = Lock()
_running: dict[int, str | None] = {}
"""The accounts that import in this process, with the Idempotency-Key of the request."""


class ImportResult(NamedTuple):
    """The number of tasks that were created, and that existed."""

    created: int
    skipped: int


class Target(NamedTuple):
    """The creator and the project of the new tasks."""

    caller: Caller
    project_id: int


@contextmanager
def exclusive_import(owner_id: int, key: str | None) -> Iterator[None]:
    """Run the block as the only import of an account in this process.

    Other workers are kept out by a lock of PostgreSQL that ends with the transaction
    (`import_tasks`); SQLite has one writer at a time, so that a second import waits. A
    table of running imports would need a commit before each import, and a clean-up
    after a worker was killed.

    Raises RequestInProgress if the running import has the same Idempotency-Key, so that
    a repeated request is not mistaken for another import; otherwise RateLimited.
    """
    with _lock:
        if owner_id in _running:
            if key is not None and _running[owner_id] == key:
                raise RequestInProgress(retry_after=RETRY_SECONDS)
            raise _import_running()
        _running[owner_id] = key
    try:
        yield
    finally:
        del _running[owner_id]


def import_tasks(
    caller: Caller,
    project_id: int,
    tasks: Sequence[ParsedTask],
    *,
    dry_run: bool = False,
    on_progress: Callable[[int], object] = lambda _: None,
) -> ImportResult:
    """Create the tasks of a file in a project; raises InvalidLines for cycles.

    Raises NotFound for a project that is not visible, RoleRequired for a viewer.

    `on_progress` receives the number of tasks in each batch that was inserted.
    """
    _lock_imports(caller.id)
    roles = locking.lock(caller, [project_id])
    if project_id not in roles:
        raise NotFound
    access.check_editor({(): roles[project_id]})
    existing = _existing_ids(project_id, tasks)
    parents = _parents(tasks)
    _check_trees(tasks, parents, _levels(existing))
    new = [task for task in tasks if task.line not in existing]
    check_limit(caller, len(new))
    if not dry_run:
        _insert(Target(caller, project_id), new, parents, dict(existing), on_progress)
    return ImportResult(len(new), len(existing))


def _lock_imports(owner_id: int) -> None:
    """Raise RateLimited if another worker imports for this account."""
    is_postgresql = db.session.get_bind().dialect.name == "postgresql"
    if is_postgresql and not db.session.scalar(LOCK, {"name": f"import {owner_id}"}):
        raise _import_running()


def _import_running() -> RateLimited:
    return RateLimited(
        "Another import into your account is running. Send this one when it has ended.",
        retry_after=RETRY_SECONDS,
    )


def _existing_ids(project_id: int, tasks: Sequence[ParsedTask]) -> dict[int, int]:
    """Return the ids of existing tasks by the line with their external id."""
    lines = {task.fields.get("external_id"): task.line for task in tasks}
    lines.pop(None, None)
    existing = {}
    for external_ids in _batches(list(lines)):
        parameters = {"projects": [project_id], "external_ids": external_ids}
        for row in db.session.execute(EXTERNAL_IDS, parameters):
            existing[lines[row.external_id]] = row.id
    return existing


def _levels(existing: Mapping[int, int]) -> dict[int, int]:
    """Return the levels of existing tasks in their trees, by line."""
    ancestors: Counter[int] = Counter()
    for ids in _batches(list(existing.values())):
        found = db.session.execute(ANCESTORS, {"ids": ids})
        ancestors.update(row.start for row in found)
    return {line: 1 + ancestors[task_id] for line, task_id in existing.items()}


def _parents(tasks: Sequence[ParsedTask]) -> Parents:
    """Return the line of each parent; raises InvalidLines for unknown ids."""
    lines = {t.fields["id"]: t.line for t in tasks if "id" in t.fields}
    ids = {task.line: task.fields.get("parent_id") for task in tasks}
    unknown = [line for line, up in ids.items() if up and up not in lines]
    _reject(tasks, UNKNOWN_PARENT, unknown)
    return {line: lines[up] if up else None for line, up in ids.items()}


def _check_trees(
    tasks: Sequence[ParsedTask], parents: Parents, existing: Mapping[int, int]
) -> None:
    """Raise InvalidLines for cycles and for trees that are too deep.

    Walk down from the roots and from the existing tasks, whose levels are given: a line
    that is not reached is part of a cycle or a descendant of one.
    """
    children: defaultdict[int, list[int]] = defaultdict(list)
    levels = dict(existing)
    for line, parent in parents.items():
        if parent is None:
            levels.setdefault(line, 1)
        elif line not in existing:
            children[parent].append(line)
    reached = list(levels)
    for line in reached:
        levels.update(dict.fromkeys(children[line], levels[line] + 1))
        reached += children[line]
    _reject(tasks, CYCLE, [line for line in parents if line not in levels])
    too_deep = [line for line, level in levels.items() if level > MAX_TREE_DEPTH]
    _reject(tasks, TOO_DEEP, too_deep)


def _reject(
    tasks: Sequence[ParsedTask], error: FieldError, lines: Sequence[int]
) -> None:
    if lines:
        by_line = {task.line: task for task in tasks}
        rejected = [by_line[line] for line in sorted(lines)[:MAX_TREE_ERRORS]]
        path = ("parent_id",)
        raise InvalidLines(
            {(task.line, *path): [error.at(task.locate(path))] for task in rejected}
        )


def _insert(
    target: Target,
    tasks: Sequence[ParsedTask],
    parents: Parents,
    ids: dict[int, int],
    on_progress: Callable[[int], object],
) -> None:
    """Insert in the order of the file, which the ids keep; then set the parents."""
    statements.plan_by_index()
    now = clock.now()
    for batch in _batches(tasks):
        rows = [_columns(target, task.fields, now) for task in batch]
        with statements.unique(Task):
            new_ids = db.session.scalars(INSERT, rows).all()
        ids.update(zip((task.line for task in batch), new_ids, strict=True))
        names = {ids[task.line]: task.fields.get("tags", []) for task in batch}
        tags.attach_new(*target, names)
        on_progress(len(batch))
    children = [(ids[task.line], parents[task.line]) for task in tasks]
    for pairs in _batches([(child, ids[up]) for child, up in children if up]):
        db.session.execute(
            SET_PARENT, [{"task_id": child, "parent": up} for child, up in pairs]
        )


def _columns(target: Target, fields: Fields, now: datetime) -> Fields:
    """Return the columns of a new task, with the timestamps of the file."""
    given = {name: v for name, v in fields.items() if name not in SPECIAL_FIELDS}
    columns = new_row(target.caller.id, target.project_id, given, now)
    if given.get("completed_at"):
        columns["completed_at"] = given["completed_at"]
    return columns


def _batches(rows: Sequence[T]) -> Iterator[list[T]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        yield batch
