"""New tasks with what hangs below them: one insert for each level, one for all tags."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import insert

from taskapi import db
from taskapi.errors import FieldError, Invalid
from taskapi.tasks import limit, tags, tree, values
from taskapi.tasks.models import MAX_SUBTASKS, table
from taskapi.tasks.tree import Path

INSERT = insert(table).returning(table.c.id, sort_by_parameter_order=True)


class Draft(NamedTuple):
    """A task that is not there yet, and where in the request it stands."""

    fields: Mapping[str, Any]
    path: Path

    def subtasks(self) -> "list[Draft]":
        """Return what is to hang right below it."""
        below = self.fields.get("subtasks", [])
        return [Draft(f, (*self.path, "subtasks", n)) for n, f in enumerate(below)]

    def shape(self) -> Path:
        """Return where it stands that this is part of a tree; nowhere if it is not."""
        names = [n for n in ("parent_id", "subtasks") if self.fields.get(n)]
        return (*self.path, names[0]) if names else ()


def everything(drafts: Iterable[Draft]) -> list[Draft]:
    """Return the drafts and all that is to hang below them."""
    found: list[Draft] = []
    for draft in drafts:
        found += [draft, *everything(draft.subtasks())]
    return found


def plant(owner_id: int, drafts: Sequence[Draft], now: datetime) -> list[int]:
    """Insert the drafts and what is below them; return the ids of the drafts."""
    _refuse_crowds(drafts)
    limit.check(owner_id, len(everything(drafts)))
    parents = {draft.path: draft.fields.get("parent_id") for draft in drafts}
    tree.refuse_absent_parents(owner_id, parents)
    roots = level = [(draft, parents[draft.path]) for draft in drafts]
    planted: list[tuple[Draft, int]] = []
    while level:
        made = _insert(owner_id, level, now)
        planted += made
        level = [(sub, task_id) for draft, task_id in made for sub in draft.subtasks()]
    tags.attach_new(owner_id, {i: d.fields.get("tags", []) for d, i in planted})
    tops = planted[: len(roots)]
    tree.refuse_bad_shapes(owner_id, {i: d.shape() for d, i in tops if d.shape()})
    return [task_id for _, task_id in tops]


def _insert(
    owner_id: int, level: Sequence[tuple[Draft, int | None]], now: datetime
) -> list[tuple[Draft, int]]:
    rows = [
        values.first(owner_id, draft.fields, now) | {"parent_id": parent}
        for draft, parent in level
    ]
    ids = db.session.scalars(INSERT, rows).all()
    return [(draft, task_id) for (draft, _), task_id in zip(level, ids, strict=True)]


def _refuse_crowds(drafts: Sequence[Draft]) -> None:
    crowded = [d for d in drafts if len(everything([d])) > 1 + MAX_SUBTASKS]
    if crowded:
        fault = FieldError(f"At most {MAX_SUBTASKS} subtasks in all.", "length")
        raise Invalid({(*draft.path, "subtasks"): [fault] for draft in crowded})
