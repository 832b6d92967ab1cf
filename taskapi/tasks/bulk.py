"""Many changes of tasks at once: all of them happen, or none.

The number of statements grows with the kinds of change, not with the tasks.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any

from taskapi import clock, db
from taskapi.errors import FieldError, Invalid, PreconditionFailed, PreconditionRequired
from taskapi.tasks import (
    external,
    reading,
    tags,
    trash,
    tree,
    writes,
)
from taskapi.tasks.creation import Draft, everything, plant
from taskapi.tasks.models import MAX_BULK_TASKS
from taskapi.tasks.tree import Path

Held = Mapping[int, Any]
Changes = Mapping[Path, Mapping[str, Any]]
VERSIONS = {"if_version", "version"}
"""Fields that say for which version a change is meant."""


def run(caller: Any, request: Mapping[str, Any], *, dry_run: bool) -> dict[str, Any]:
    """Create, change and delete tasks; with `dry_run` only tell what would come of it.

    Raises what the single changes raise, with the place in the request of each fault.
    """
    with db.dry_run() if dry_run else nullcontext():
        return _run(caller, **request)


def refuse_unguarded(request: Mapping[str, Any]) -> None:
    """Raise PreconditionRequired for a change that names no version."""
    changes = enumerate(request.get("update", ()))
    places: list[Path] = [
        ("update", n) for n, fields in changes if not VERSIONS.intersection(fields)
    ]
    places += [("delete", n) for n, _ in enumerate(request.get("delete", ()))]
    if places:
        fault = FieldError(
            "Name the version; delete by DELETE with If-Match.", "required"
        )
        raise PreconditionRequired(errors={place: [fault] for place in places})


def _run(
    caller: Any,
    create: Sequence[Mapping[str, Any]] = (),
    update: Sequence[Mapping[str, Any]] = (),
    delete: Sequence[int] = (),
) -> dict[str, Any]:
    """Change first, then delete, then create: freed external ids can be used again."""
    drafts = [Draft(fields, ("create", n)) for n, fields in enumerate(create)]
    changes: Changes = {("update", n): fields for n, fields in enumerate(update)}
    _refuse_crowd(len(everything(drafts)) + len(changes) + len(delete))
    _refuse_repeats(changes, delete)
    tree.hold(caller.id)
    held = writes.hold(caller.id, {fields["id"] for fields in update} | {*delete})
    now = clock.now()
    _refuse_absent(held, changes, delete)
    _refuse_stale(held, changes)
    revisions = _revisions(caller.id, held, changes, now)
    renamed = [r.task for r in revisions.values() if "external_id" in r.columns]
    freed = [*renamed, *(held[task_id] for task_id in delete)]
    given = {draft.path: draft.fields for draft in everything(drafts)}
    given |= {path: revision.columns for path, revision in revisions.items()}
    with external.unique(caller.id, _claimed(given, freed)):
        writes.apply(caller.id, revisions)
        trash.take(caller.id, delete, now)
        created = plant(caller.id, drafts, now)
    shown = reading.find_some(caller, [*created, *(f["id"] for f in update)])
    return {
        "created": shown[: len(created)],
        "updated": shown[len(created) :],
        "deleted": delete,
    }


def _revisions(
    owner_id: int, held: Held, changes: Changes, now: datetime
) -> dict[Path, writes.Revision]:
    """Return what changes, with tags as the account first wrote them."""
    names = [name for fields in changes.values() for name in fields.get("tags", ())]
    written = tags.as_written(owner_id, names, locked=True)
    given = {}
    for path, fields in changes.items():
        own = [written[tags.key_of(name)] for name in fields.get("tags", ())]
        tagged = {"tags": own} if "tags" in fields else {}
        given[path] = (held[fields["id"]], {**fields, **tagged})
    return writes.revise(given, now)


def _claimed(
    given: Mapping[Path, Mapping[str, Any]], freed: Sequence[Any]
) -> dict[str, Path]:
    """Return what external ids are given where, but for those that are freed before."""
    free = {task.external_id for task in freed}
    places = external.places(given).items()
    return {n: p for n, p in places if p[0] == "update" or n not in free}


def _refuse_crowd(number: int) -> None:
    if not 1 <= number <= MAX_BULK_TASKS:
        fault = FieldError(f"Give 1 to {MAX_BULK_TASKS} tasks in all.", "length")
        raise Invalid({None: [fault]})


def _refuse_repeats(
    changes: Mapping[Path, Mapping[str, Any]], delete: Sequence[int]
) -> None:
    """Refuse two changes of one task, since their order would count."""
    wanted = _wanted(changes, delete)
    times = Counter(wanted.values())
    fault = FieldError("This task is named more than once.", "repeated")
    faults = {place: [fault] for place, task in wanted.items() if times[task] > 1}
    if faults:
        raise Invalid(faults)


def _wanted(
    changes: Mapping[Path, Mapping[str, Any]], delete: Sequence[int]
) -> dict[Path, int]:
    """Return the ids of tasks that must be there, by their place in the request."""
    changed = {(*path, "id"): fields["id"] for path, fields in changes.items()}
    return changed | {("delete", n): task_id for n, task_id in enumerate(delete)}


def _refuse_absent(
    held: Held, changes: Mapping[Path, Mapping[str, Any]], delete: Sequence[int]
) -> None:
    wanted = _wanted(changes, delete)
    live = {task_id for task_id, task in held.items() if task.deleted_at is None}
    absent = [place for place, task_id in wanted.items() if task_id not in live]
    if absent:
        fault = FieldError("You have no such task.", "not-found")
        raise Invalid({place: [fault] for place in absent})


def _refuse_stale(held: Held, changes: Mapping[Path, Mapping[str, Any]]) -> None:
    faults, versions = {}, []
    for path, fields in changes.items():
        current = held[fields["id"]].version
        for name in sorted(VERSIONS.intersection(fields)):
            if fields[name] != current:
                sentence = f"The current version is {current}."
                versions.append(current)
                faults[(*path, name)] = [FieldError(sentence, "precondition-failed")]
    if faults:
        raise PreconditionFailed(errors=faults, current_version=versions[0])
