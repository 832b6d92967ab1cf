"""Bulk requests: many changes of tasks, all or none of which are made.

The number of statements grows with the kinds of change, not with the number of tasks.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext

from taskapi import clock, db
from taskapi.errors import FieldError, Invalid, PreconditionRequired
from taskapi.tasks import service, tags, trash, tree, writes
from taskapi.tasks.creation import NewTask, flatten, insert_trees
from taskapi.tasks.models import MAX_BULK_TASKS, TaskRow
from taskapi.tasks.writes import Change, Revision
from taskapi.typing import Account, Fields, Path

Tasks = Mapping[int, TaskRow]
VERSIONS = ("if_version", "version")
"""Fields that name the version for which a change is meant."""


def run(caller: Account, request: Fields, *, dry_run: bool) -> Fields:
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
    caller: Account,
    create: Sequence[Fields] = (),
    update: Sequence[Fields] = (),
    delete: Sequence[int] = (),
) -> Fields:
    """Change first, then delete, then create, so that external ids can be reused."""
    new_tasks = [NewTask(fields, ("create", n)) for n, fields in enumerate(create)]
    _check_size(len(flatten(new_tasks)) + len(update) + len(delete))
    paths = _task_paths(update, delete)
    _check_repetitions(paths)
    tree.lock_owner(caller.id)
    locked = writes.lock_tasks(caller.id, paths.values())
    # The clock is read after the locks: later versions have a later updated_at.
    now = clock.now()
    _check_present(locked, paths)
    revisions = writes.revise(_changes(caller, locked, update), now)
    deleted = [locked[task_id] for task_id in delete]
    external_ids = _external_id_paths(new_tasks, revisions, deleted)
    with writes.checked_constraints(caller.id, external_ids):
        writes.apply(caller.id, revisions)
        trash.move_to_trash(caller.id, delete, now)
        created = insert_trees(caller.id, new_tasks, now)
    updated = [fields["id"] for fields in update]
    rows = service.find_existing(caller, [*created, *updated])
    tasks = {row.id: row for row in rows}
    return {
        "created": [tasks[task_id] for task_id in created],
        "updated": [tasks[task_id] for task_id in updated],
        "deleted": delete,
    }


def _changes(caller: Account, locked: Tasks, update: Sequence[Fields]) -> list[Change]:
    named = tags.with_stored_names(caller.id, update, owner_locked=True)
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
        for n, fields in enumerate(named)
    ]


def _external_id_paths(
    new_tasks: Sequence[NewTask],
    revisions: Sequence[Revision],
    deleted: Sequence[TaskRow],
) -> dict[str, Path]:
    """Return the locations of external ids, except of new tasks that reuse freed ones.

    A freed id cannot cause a conflict, because its task no longer has it at that time.
    """
    given = {new.path: new.fields for new in flatten(new_tasks)}
    given |= {r.path: r.columns for r in revisions}
    freed = {r.task.external_id for r in revisions if "external_id" in r.columns}
    freed |= {task.external_id for task in deleted}
    paths = writes.external_id_paths(given).items()
    return {n: path for n, path in paths if path[0] == "update" or n not in freed}


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
