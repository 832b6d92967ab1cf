"""Reads of tasks: one, a page, a tree."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from taskapi import clock, db
from taskapi.db import AnyRow
from taskapi.errors import Fault, Invalid, NotFound
from taskapi.paging import Window
from taskapi.tasks import queries, trees
from taskapi.tasks.models import MOST_SHOWN
from taskapi.tasks.tags import key_of
from taskapi.tasks.values import midnight
from taskapi.tasks.words import wanted


def find(caller: Any, task_id: int) -> AnyRow:
    """Return a task; raises NotFound."""
    found = db.read(queries.ONE, moments(caller) | {"task_id": task_id})
    if not found:
        raise NotFound
    return found[0]


def find_some(caller: Any, task_ids: Sequence[int]) -> list[AnyRow]:
    """Return these tasks, in this order."""
    rows = (
        db.read(queries.SOME, moments(caller) | {"ids": task_ids}) if task_ids else []
    )
    by_id = {row.id: row for row in rows}
    return [by_id[task_id] for task_id in task_ids]


def find_trees(caller: Any, task_ids: Sequence[int]) -> list[Any]:
    """Return these tasks with all that is below them; raises NotFound.

    Raises Invalid where that is more than 1,000 tasks.
    """
    found = trees.nest(db.read(trees.TREE, moments(caller) | {"ids": task_ids}))
    if len(found) > MOST_SHOWN:
        fault = Fault("More than 1,000 tasks; list them by parent_id.", "range")
        raise Invalid({"expand": [fault]}, in_query=True)
    if not set(task_ids) <= set(found):
        raise NotFound
    return [found[task_id] for task_id in task_ids]


def find_page(
    caller: Any, filters: dict[str, Any], sort: str, window: Window
) -> Sequence[AnyRow]:
    """Return a page of the caller's tasks, and one more row if there are more."""
    shape, given = _translated(caller, filters)
    value, row_id = window.after or (None, None)
    kind = "" if row_id is None else "null" if value is None else "value"
    cursor = {"after_value": value, "after_id": row_id}
    limit = window.limit + 1
    paging = {"limit": limit, "offset": window.offset, "most": limit + window.offset}
    statement = queries.page(shape, sort, kind)
    return db.read(statement, moments(caller) | given | cursor | paging)


def count(caller: Any, filters: dict[str, Any]) -> int:
    """Return how many tasks match."""
    shape, given = _translated(caller, filters)
    ((total,),) = db.read(queries.total(shape), moments(caller) | given)
    return int(total)


def moments(caller: Any) -> dict[str, Any]:
    """Return the parameters of every read: whose tasks, and when is now for them."""
    now = clock.now()
    today = start_of_day(now, caller.timezone)
    latest = max(now, today)
    return {"whose": caller.id, "now": now, "today": today, "latest": latest}


def start_of_day(now: datetime, timezone: str) -> datetime:
    """Return what stands for the day that it is in a time zone."""
    return midnight(now.astimezone(ZoneInfo(timezone)).date())


def _translated(
    caller: Any, filters: dict[str, Any]
) -> tuple[frozenset[str], dict[str, Any]]:
    """Return the names of the filters in `queries`, and their values."""
    given = dict(filters)
    for number, name in enumerate(given.pop("tag", [])):
        given[f"tag_{number}"] = key_of(name)
    if "q" in given:
        given["q"] = wanted(caller.id, given["q"])
    if given.get("parent_id") == "none":
        given["top_level"] = given.pop("parent_id")
    if given.get("overdue") is False:
        given["not_overdue"] = given.pop("overdue")
    if given.get("deleted") is False:
        del given["deleted"]
    return frozenset(given), given
