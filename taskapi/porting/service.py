"""Import: tasks of a file become an account's, all of them or none.

It only adds: a task whose external id one of the account's tasks has is passed over,
so that the same file can come again. What hangs below it in the file is hung below the
one that is there.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import bindparam, update

from taskapi import clock, db, rows
from taskapi.errors import Fault, InvalidLines, ParentCycle, ParentTooDeep
from taskapi.tasks import tags, trees, values
from taskapi.tasks.external import TAKEN
from taskapi.tasks.models import MOST_LEVELS, Task, table
from taskapi.tasks.planting import INSERT
from taskapi.tasks.trees import ABOVE

AT_ONCE = 1_000
MOST_FAULTS = 1_000
UNKNOWN = Fault("No line of this file has this id.", "not-found")
CYCLE = Fault(ParentCycle.message, ParentCycle.code)
DEEP = Fault(ParentTooDeep.message, ParentTooDeep.code)
HANG = (
    update(table)
    .where(table.c.id == bindparam("task_id"))
    .values(parent_id=bindparam("parent"))
)
APART = {"id", "parent_id", "updated_at", "owner"}
"""Fields of a line that are not written as they stand."""

T = TypeVar("T")


class Draft(NamedTuple):
    """A task of a file that was checked by itself, and the number of its line."""

    line: int
    fields: Mapping[str, Any]


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
    trees.hold(owner_id)
    there = _there(owner_id, drafts)
    parents = _parents(drafts)
    _refuse_bad_shapes(parents, _levels(owner_id, there))
    new = [draft for draft in drafts if draft.line not in there]
    if not dry_run:
        _write(owner_id, new, parents, dict(there), tell)
    return Outcome(len(new), len(there))


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


def _parents(drafts: Sequence[Draft]) -> dict[int, int | None]:
    """Return for each line the line of its parent; raises InvalidLines without it."""
    lines = {draft.fields["id"]: draft.line for draft in drafts if "id" in draft.fields}
    wanted = {draft.line: draft.fields.get("parent_id") for draft in drafts}
    _refuse(UNKNOWN, [n for n, up in wanted.items() if up and up not in lines])
    return {line: up and lines[up] for line, up in wanted.items()}


def _levels(owner_id: int, there: Mapping[int, int]) -> dict[int, int]:
    """Return on which level of their trees the tasks are that are there already."""
    above: Counter[int] = Counter()
    for ids in _some(list(there.values())):
        found = db.session.execute(ABOVE, {"whose": owner_id, "ids": ids})
        above.update(row.start for row in found)
    return {line: 1 + above[task_id] for line, task_id in there.items()}


def _refuse_bad_shapes(
    parents: Mapping[int, int | None], known: Mapping[int, int]
) -> None:
    """Walk down from the tops; what is not met is part of a circle, or hangs on one."""
    below: defaultdict[int, list[int]] = defaultdict(list)
    levels = dict(known)
    for line, parent in parents.items():
        if parent is None:
            levels.setdefault(line, 1)
        elif line not in known:
            below[parent].append(line)
    met = list(levels)
    for line in met:
        levels.update(dict.fromkeys(below[line], levels[line] + 1))
        met += below[line]
    _refuse(CYCLE, [line for line in parents if line not in levels])
    _refuse(DEEP, [n for n, level in levels.items() if level > MOST_LEVELS])


def _refuse(fault: Fault, lines: Sequence[int]) -> None:
    if lines:
        named = sorted(lines)[:MOST_FAULTS]
        raise InvalidLines({(line, "parent_id"): [fault] for line in named})


def _write(
    owner_id: int,
    drafts: Sequence[Draft],
    parents: Mapping[int, int | None],
    ids: dict[int, int],
    tell: Callable[[int], object],
) -> None:
    """Insert in the order of the file, so that ids keep it; hang parents in after."""
    rows.plan_anew()
    now = clock.now()
    for some in _some(drafts):
        with rows.unique(Task):
            made = db.session.scalars(
                INSERT, [_columns(owner_id, d.fields, now) for d in some]
            ).all()
        ids.update(zip((d.line for d in some), made, strict=True))
        tags.attach(owner_id, {ids[d.line]: d.fields.get("tags", []) for d in some})
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
