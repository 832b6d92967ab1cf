"""Import: tasks of a file become an account's, all of them or none.

It only adds: a task whose external id one of the account's tasks has is passed over,
so that the same file can come again. What hangs below it in the file is hung below the
one that is there.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import bindparam, text, update

from taskapi import clock, db
from taskapi.db import statements
from taskapi.import_export import running
from taskapi.import_export.drafts import Draft, Tree
from taskapi.tasks import limit, tags, tree, values
from taskapi.tasks.creation import INSERT
from taskapi.tasks.external import TAKEN
from taskapi.tasks.models import Task, table
from taskapi.tasks.tree import ABOVE

AT_ONCE = 1_000
HANG = (
    update(table)
    .where(table.c.id == bindparam("task_id"))
    .values(parent_id=bindparam("parent"))
)
LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
APART = {"id", "parent_id", "updated_at", "owner"}
"""Fields of a line that are not written as they stand."""

T = TypeVar("T")


class Outcome(NamedTuple):
    """How many tasks were made, and how many were there."""

    created: int
    skipped: int


def store(
    owner_id: int,
    drafts: Sequence[Draft],
    *,
    dry_run: bool = False,
    tell: Callable[[int], object] = lambda _: None,
) -> Outcome:
    """Make the tasks of a file; raises InvalidLines where their tree may not be.

    `tell` hears how many were made since it heard last.
    """
    _be_alone(owner_id)
    tree.hold(owner_id)
    there = _there(owner_id, drafts)
    forest = Tree(drafts)
    parents = forest.parents()
    forest.reject_bad_shapes(parents, _levels(owner_id, there))
    new = [draft for draft in drafts if draft.line not in there]
    limit.check(owner_id, len(new))
    if not dry_run:
        _write(owner_id, new, parents, dict(there), tell)
    return Outcome(len(new), len(there))


def _be_alone(owner_id: int) -> None:
    """Raise RateLimited if another worker imports for this account."""
    on_postgresql = db.session.get_bind().dialect.name == "postgresql"
    if on_postgresql and not db.session.scalar(LOCK, {"name": f"import {owner_id}"}):
        raise running.busy()


def _there(owner_id: int, drafts: Sequence[Draft]) -> dict[int, int]:
    """Return the ids of tasks that are there already, by the lines that name them."""
    named = {d.fields["external_id"]: d.line for d in drafts if _external_id(d)}
    there = {}
    for names in _some(list(named)):
        for row in db.session.execute(
            TAKEN, {"whose": owner_id, "external_ids": names}
        ):
            there[named[row.external_id]] = row.id
    return there


def _external_id(draft: Draft) -> str | None:
    external_id: str | None = draft.fields.get("external_id")
    return external_id


def _levels(owner_id: int, there: Mapping[int, int]) -> dict[int, int]:
    """Return on which level of their trees the tasks are that are there already."""
    above: Counter[int] = Counter()
    for ids in _some(list(there.values())):
        found = db.session.execute(ABOVE, {"whose": owner_id, "ids": ids})
        above.update(row.start for row in found)
    return {line: 1 + above[task_id] for line, task_id in there.items()}


def _write(
    owner_id: int,
    drafts: Sequence[Draft],
    parents: Mapping[int, int | None],
    ids: dict[int, int],
    tell: Callable[[int], object],
) -> None:
    """Insert in the order of the file, so that ids keep it; hang parents in after."""
    statements.plan_by_index()
    now = clock.now()
    for some in _some(drafts):
        with statements.unique(Task):
            made = db.session.scalars(
                INSERT, [_columns(owner_id, d.fields, now) for d in some]
            ).all()
        ids.update(zip((d.line for d in some), made, strict=True))
        tags.attach_new(owner_id, {ids[d.line]: d.fields.get("tags", []) for d in some})
        tell(len(some))
    hung = [(ids[d.line], parents[d.line]) for d in drafts]
    for pairs in _some([(own, ids[up]) for own, up in hung if up]):
        db.session.execute(HANG, [{"task_id": own, "parent": up} for own, up in pairs])


def _columns(owner_id: int, fields: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the columns of a new task, with the moments that the file has."""
    given = {name: value for name, value in fields.items() if name not in APART}
    columns = values.first(owner_id, given, now)
    if given.get("completed_at"):
        columns["completed_at"] = given["completed_at"]
    return columns


def _some(things: Sequence[T]) -> Iterator[list[T]]:
    """Yield all of them, a thousand at a time."""
    rest = iter(things)
    while some := list(islice(rest, AT_ONCE)):
        yield some
