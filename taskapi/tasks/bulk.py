"""Bulk requests: many changes of tasks, all or none of which are made.

The number of statements grows with the kinds of change, not with the number of tasks.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime

from taskapi import clock, db
from taskapi.errors import FieldError, Invalid, PreconditionRequired
from taskapi.projects import access
from taskapi.tasks import locked_changes, reads, trash, writes
from taskapi.tasks.creation import NewTask, flatten, insert_trees
from taskapi.tasks.models import MAX_BULK_TASKS, TaskRow
from taskapi.tasks.writes import Change, Revision
from taskapi.typing import Caller, Fields, Path

Tasks = Mapping[int, TaskRow]
VERSIONS = ("if_version", "version")
"""Fields that name the version for which a change is meant."""


def run(caller: Caller, request: Fields, *, dry_run: bool) -> Fields:
    """Create, change and delete tasks; with `dry_run` only return the result.

    Raises the errors of single changes, with the location of each value.
    """
    with db.dry_run() if dry_run else nullcontext():
        return _run(caller, **request)


def check_versions_named(request: Fields) -> None:
    """Raise PreconditionRequired if a change does not name the version it is for."""
    changes = enumerate(request.get("update", ()))
    paths: list[Path] = [
        ("update", n)
        for n, fields in changes
        if not any(name in fields for name in VERSIONS)
    ]
    paths += [("delete", n) for n, _ in enumerate(request.get("delete", ()))]
    if paths:
        text = "Name the version. To delete a task, use DELETE with If-Match."
        error = FieldError(text, "required")
        raise PreconditionRequired(errors={path: [error] for path in paths})


def _run(
    caller: Caller,
    create: Sequence[Fields] = (),
    update: Sequence[Fields] = (),
    delete: Sequence[int] = (),
) -> Fields:
    """Change first, then delete, then create, so that external ids can be reused."""
    new_tasks = [NewTask(fields, ("create", n)) for n, fields in enumerate(create)]
    paths = _task_paths(update, delete)
    _check_size(len(flatten(new_tasks)) + len(paths))
    _check_repetitions(paths)
    targets = _targets(caller, new_tasks)
    given = targets | _given_projects(update)
    locked = _lock(caller, paths, given)
    # The clock is read after the locks: later versions have a later updated_at.
    now = clock.now()
    changes = locked_changes.prepare(caller, _changes(locked, update), now)
    revisions = writes.revise(changes, now)
    by_project = _by_project(new_tasks, targets)
    freed = [locked[r.task.id] for r in revisions if "external_id" in r.columns]
    freed += [locked[task_id] for task_id in delete]
    with writes.checked_constraints(_external_id_paths(by_project, revisions, freed)):
        locked_changes.apply(revisions)
        trash.move_to_trash(delete, now)
        created = _create(caller, by_project, now)
    in_order = [created[new.path] for new in new_tasks]
    result = {"created": in_order, "updated": [fields["id"] for fields in update]}
    return _found(caller, result) | {"deleted": delete}


def _lock(
    caller: Caller, paths: Mapping[Path, int], given: Mapping[Path, int]
) -> Tasks:
    """Lock the named tasks, and the projects that they are in or that are given."""
    locked = locked_changes.lock_tasks(caller, paths.values(), given)
    _check_present(locked.tasks, paths)
    locked_changes.check_roles(locked, paths, given)
    return locked.tasks


def _found(caller: Caller, ids: Mapping[str, Sequence[int]]) -> Fields:
    rows = reads.find_existing(caller, [i for some in ids.values() for i in some])
    tasks = {row.id: row for row in rows}
    return {name: [tasks[task_id] for task_id in some] for name, some in ids.items()}


def _create(
    caller: Caller, new_tasks: Mapping[int, Sequence[NewTask]], now: datetime
) -> dict[Path, int]:
    """Create tasks of several projects; return their ids by location."""
    created: dict[Path, int] = {}
    for project_id, own in new_tasks.items():
        ids = insert_trees(caller, project_id, own, now)
        created |= zip((new.path for new in own), ids, strict=True)
    return created


def _targets(caller: Caller, new_tasks: Sequence[NewTask]) -> dict[Path, int]:
    return {
        new.path: access.default(caller, new.fields.get("project_id"))
        for new in new_tasks
    }


def _given_projects(update: Sequence[Fields]) -> dict[Path, int]:
    """Return the projects that changes name, by location."""
    return {
        ("update", n): fields["project_id"]
        for n, fields in enumerate(update)
        if "project_id" in fields
    }


def _by_project(
    new_tasks: Sequence[NewTask], targets: Mapping[Path, int]
) -> Mapping[int, Sequence[NewTask]]:
    grouped: defaultdict[int, list[NewTask]] = defaultdict(list)
    for new in new_tasks:
        grouped[targets[new.path]].append(new)
    return grouped


def _changes(locked: Tasks, update: Sequence[Fields]) -> list[Change]:
    return [
        Change(
            locked[fields["id"]],
            fields,
            path=("update", n),
            versions={
                ("update", n, name): {fields[name]}
                for name in VERSIONS
                if name in fields
            },
        )
        for n, fields in enumerate(update)
    ]


def _external_id_paths(
    new_tasks: Mapping[int, Sequence[NewTask]],
    revisions: Sequence[Revision],
    freed: Sequence[TaskRow],
) -> dict[tuple[int, str | None], Path]:
    """Return the locations of external ids, except of new tasks that reuse freed ones.

    `freed` are the tasks before the request that lose their external ids.

    A freed id cannot cause a conflict, because its task no longer has it at that time.
    """
    given = {
        new.path: (project_id, new.fields)
        for project_id, own in new_tasks.items()
        for new in flatten(own)
    }
    given |= {r.path: (r.task.project_id, r.columns) for r in revisions}
    reusable = {(task.project_id, task.external_id) for task in freed}
    paths = writes.external_id_paths(given).items()
    return {
        key: path for key, path in paths if path[0] == "update" or key not in reusable
    }


def _check_size(number: int) -> None:
    if not 1 <= number <= MAX_BULK_TASKS:
        error = FieldError(f"Give 1 to {MAX_BULK_TASKS} tasks in all.", "length")
        raise Invalid({None: [error]})


def _task_paths(update: Sequence[Fields], delete: Sequence[int]) -> dict[Path, int]:
    """Return the ids of existing tasks by their location in the request."""
    changed: dict[Path, int] = {
        ("update", n, "id"): fields["id"] for n, fields in enumerate(update)
    }
    return changed | {("delete", n): task_id for n, task_id in enumerate(delete)}


def _check_repetitions(paths: Mapping[Path, int]) -> None:
    """Reject two changes of one task, whose order would matter."""
    times = Counter(paths.values())
    error = FieldError("This task is named more than once.", "repeated")
    errors = {path: [error] for path, task_id in paths.items() if times[task_id] > 1}
    if errors:
        raise Invalid(errors)


def _check_present(locked: Tasks, paths: Mapping[Path, int]) -> None:
    present = {i for i, task in locked.items() if task.deleted_at is None}
    absent = [path for path, task_id in paths.items() if task_id not in present]
    if absent:
        error = FieldError("You have no task with this id.", "not-found")
        raise Invalid({path: [error] for path in absent})
