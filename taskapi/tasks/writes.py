"""Changes of tasks that are there: who holds them, and what a change writes."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, update

from taskapi import db
from taskapi.db import AnyRow
from taskapi.tasks import tags, tree, values
from taskapi.tasks.models import Task, table
from taskapi.tasks.queries import OWNER, STORED, owned
from taskapi.tasks.tree import IDS, Path

HELD = (
    select(*STORED)
    .where(owned(OWNER), Task.id.in_(IDS))
    .order_by(Task.id)
    .with_for_update(key_share=True)
)
UPDATE = update(table).where(table.c.id == bindparam("task_id"))


Change = tuple[AnyRow, Mapping[str, Any]]
"""A task, and the fields that are given for it."""


class Revision(NamedTuple):
    """What a change writes: columns, and tags if they change."""

    task: AnyRow
    columns: dict[str, Any]
    tags: Sequence[str] | None


def hold(owner_id: int, task_ids: Collection[int]) -> dict[int, AnyRow]:
    """Return the owner's tasks among these, which nobody changes until the end."""
    if not task_ids:
        return {}
    of = {"whose": owner_id, "ids": list(task_ids)}
    return {row.id: row for row in db.session.execute(HELD, of)}


def revise(changes: Mapping[Path, Change], now: datetime) -> dict[Path, Revision]:
    """Return what really changes of tasks that are held, or as they were read.

    Their tags are read here: who waits to hold a task sees it as it is then, and the
    rows of other tables as they were when the waiting began.
    """
    present = tags.find(t.id for t, fields in changes.values() if "tags" in fields)
    revised = {
        path: _revision(task, fields, present.get(task.id, []), now)
        for path, (task, fields) in changes.items()
    }
    return {path: revision for path, revision in revised.items() if revision}


def _revision(
    task: AnyRow, fields: Mapping[str, Any], present: Sequence[str], now: datetime
) -> Revision | None:
    columns = values.changed(task, fields, now)
    names = fields.get("tags")
    retagged = names is not None and sorted(names) != sorted(present)
    if not columns and not retagged:
        return None
    raised = {"version": task.version + 1, "updated_at": now}
    return Revision(task, columns | raised, names if retagged else None)


def apply(owner_id: int, revisions: Mapping[Path, Revision]) -> None:
    """Write changes of tasks that are held, and refuse the trees that may not be."""
    moved = {p: r for p, r in revisions.items() if "parent_id" in r.columns}
    parents = {path: one.columns["parent_id"] for path, one in moved.items()}
    tree.refuse_absent_parents(owner_id, parents)
    _write(owner_id, revisions.values())
    shapes = {one.task.id: (*path, "parent_id") for path, one in moved.items()}
    tree.refuse_bad_shapes(owner_id, shapes)


def _write(owner_id: int, revisions: Collection[Revision]) -> None:
    """Use one statement for each set of columns, however many tasks there are."""
    kinds: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for revision in revisions:
        key = {"task_id": revision.task.id}
        kinds[tuple(sorted(revision.columns))].append(revision.columns | key)
    for rows in kinds.values():
        db.session.execute(UPDATE, rows)
    retagged = {r.task.id: r.tags for r in revisions if r.tags is not None}
    tags.replace(owner_id, retagged)
