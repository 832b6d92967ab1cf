"""Reads of tasks: one, a page, a tree."""

from collections.abc import Callable, Sequence
from typing import Any

from taskapi import clock, db
from taskapi.db import AnyRow
from taskapi.db.pagination import PageRequest
from taskapi.errors import FieldError, Invalid, NotFound
from taskapi.tasks import listing, queries, tree
from taskapi.tasks.filtering import translate
from taskapi.tasks.local_days import (
    current_day,
    midnight,
)
from taskapi.tasks.models import MAX_EXPANDED_TASKS
from taskapi.tasks.sorting import (
    Keys,
    cursor_parameters,
    merge,
    parse_sort,
    position_of,
)


def find(caller: Any, task_id: int) -> AnyRow:
    """Return a task; raises NotFound."""
    found = db.read(queries.ONE, moments(caller) | {"task_id": task_id})
    if not found:
        raise NotFound
    return found[0]


def find_some(caller: Any, task_ids: Sequence[int]) -> list[AnyRow]:
    """Return these tasks, in this order."""
    by_id = {row.id: row for row in find_present(caller, task_ids)}
    return [by_id[task_id] for task_id in task_ids]


def find_present(caller: Any, task_ids: Sequence[int]) -> Sequence[AnyRow]:
    """Return those of these tasks that exist, in any order."""
    if not task_ids:
        return []
    return db.read(queries.SOME, moments(caller) | {"ids": task_ids})


def find_trees(caller: Any, task_ids: Sequence[int]) -> list[Any]:
    """Return these tasks with all that is below them; raises NotFound.

    Raises Invalid where that is more than 1,000 tasks.
    """
    found = tree.nest(db.read(tree.TREE, moments(caller) | {"ids": task_ids}))
    if len(found) > MAX_EXPANDED_TASKS:
        fault = FieldError("More than 1,000 tasks; list them by parent_id.", "range")
        raise Invalid({"expand": [fault]}, in_query=True)
    if not set(task_ids) <= set(found):
        raise NotFound
    return [found[task_id] for task_id in task_ids]


def find_page(
    caller: Any, filters: dict[str, Any], sort: str, window: PageRequest
) -> Sequence[AnyRow]:
    """Return a page of the caller's tasks, and one more row if there are more.

    Far from the start of a list that is read in parts, it first finds the ids: all
    columns of the rows before would take three times as long (0.4 s at 10,000).
    """
    keys = parse_sort(sort)
    if window.offset and listing.has_parts(keys):
        ids = [row.id for row in _page(caller, filters, keys, window, only_ids=True)]
        by_id = {row.id: row for row in find_present(caller, ids)}
        if len(by_id) == len(ids):
            return [by_id[task_id] for task_id in ids]
    return _page(caller, filters, keys, window)


def _page(
    caller: Any,
    filters: dict[str, Any],
    keys: Keys,
    window: PageRequest,
    *,
    only_ids: bool = False,
) -> Sequence[AnyRow]:
    shape, given = translate(caller, filters)
    position = window.after[0] if window.after else ()
    after = tuple(value is not None for value in position)
    limit = window.limit + 1
    paging = {"limit": limit, "offset": window.offset, "most": limit + window.offset}
    given |= cursor_parameters(keys, window.after, caller.timezone) | paging
    page = listing.page(shape, keys, after, only_ids=only_ids)
    rows = db.read(page.statement, moments(caller) | given)
    if not page.has_parts:
        return rows
    return merge(rows, keys, caller.timezone)[window.offset : window.offset + limit]


def position(caller: Any, sort: str) -> Callable[[AnyRow], list[Any]]:
    """Return the function that finds where in the list a task is."""
    keys = parse_sort(sort)
    return lambda row: position_of(row, keys, caller.timezone)


def count(caller: Any, filters: dict[str, Any]) -> int:
    """Return how many tasks match."""
    shape, given = translate(caller, filters)
    ((total,),) = db.read(listing.total(shape), moments(caller) | given)
    return int(total)


def moments(caller: Any) -> dict[str, Any]:
    """Return the parameters of every read: whose tasks, and when is now for them."""
    now = clock.now()
    today = midnight(current_day(now, caller.timezone))
    latest = max(now, today)
    return {"whose": caller.id, "now": now, "today": today, "latest": latest}
