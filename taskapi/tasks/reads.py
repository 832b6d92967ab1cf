"""Reads of tasks: single ones, trees and pages of lists."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from taskapi import db
from taskapi.db.pagination import PageRequest
from taskapi.errors import FieldError, Invalid, NotFound
from taskapi.projects import access
from taskapi.tasks import conditions, listing, queries, sorting, tree
from taskapi.tasks.models import MAX_EXPANDED_TASKS, ShownTaskRow, TaskRow
from taskapi.typing import Caller, Fields

FREQUENT_LIMITS = {20, 50, 100}
"""Pages of other sizes share a statement: compiling one takes 3 to 33 ms."""


def find(caller: Caller, task_id: int) -> ShownTaskRow:
    """Return a task; raises NotFound."""
    found = db.read(queries.ONE, access.parameters(caller) | {"task_id": task_id})
    if not found:
        raise NotFound
    return found[0]


def find_existing(caller: Caller, task_ids: Sequence[int]) -> Sequence[ShownTaskRow]:
    """Return those of the tasks that exist, in any order."""
    if not task_ids:
        return []
    return db.read(queries.SEVERAL, access.parameters(caller) | {"ids": task_ids})


def find_trees(caller: Caller, task_ids: Sequence[int]) -> list[SimpleNamespace]:
    """Return tasks with their descendants; raises NotFound.

    Raises Invalid if they are more than 1,000 tasks.
    """
    statement = tree.TREE[db.database.engine.dialect.name]
    found = tree.nest(db.read(statement, access.parameters(caller) | {"ids": task_ids}))
    if len(found) > MAX_EXPANDED_TASKS:
        text = "The tree has more than 1,000 tasks. List them by parent_id."
        error = FieldError(text, "range")
        raise Invalid({"expand": [error]}, in_query=True)
    if not set(task_ids) <= set(found):
        raise NotFound
    return [found[task_id] for task_id in task_ids]


def find_page(
    caller: Caller, filters: Fields, sort: str, page: PageRequest
) -> Sequence[ShownTaskRow]:
    """Return a page of the caller's tasks, and one more row if there are more.

    Far from the start of a list that is read in parts, the ids are read first:
    computing all columns of the skipped rows takes 437 instead of 176 ms at offset
    10,000.
    """
    keys = sorting.parse_sort(sort)
    if page.offset and listing.has_parts(keys):
        rows = _find_page(caller, filters, keys, page, only_ids=True)
        ids = [row.id for row in rows]
        by_id = {row.id: row for row in find_existing(caller, ids)}
        if len(by_id) == len(ids):
            return [by_id[task_id] for task_id in ids]
    return _find_page(caller, filters, keys, page)


def _find_page(
    caller: Caller,
    filters: Fields,
    keys: sorting.Keys,
    page: PageRequest,
    *,
    only_ids: bool = False,
) -> Sequence[ShownTaskRow]:
    names, parameters = _translate(caller, filters)
    position = page.after[0] if page.after else ()
    after = tuple([value is not None for value in position])
    limit = page.limit + 1
    parameters |= {"limit": limit, "offset": page.offset, "most": limit + page.offset}
    if page.after:
        parameters |= sorting.cursor_parameters(keys, page.after, caller.timezone)
    dialect = db.database.engine.dialect.name
    shape = listing.Shape(dialect, names, keys, after)
    is_frequent = page.limit in FREQUENT_LIMITS and not page.offset
    fixed = limit if is_frequent and dialect == "postgresql" else None
    statement, has_parts = listing.page(shape, fixed, only_ids=only_ids)
    rows = db.read(statement, parameters)
    if not has_parts:
        return rows
    merged = sorting.merge(rows, keys, caller.timezone)
    return merged[page.offset : page.offset + limit]


def position(caller: Caller, sort: str) -> Callable[[TaskRow], list[Any]]:
    """Return the function that computes the sort values of a task."""
    keys = sorting.parse_sort(sort)
    return lambda row: sorting.position_of(row, keys, caller.timezone)


def count(caller: Caller, filters: Fields) -> int:
    """Return the number of tasks that match the filters."""
    names, parameters = _translate(caller, filters)
    return int(db.read(listing.total(names), parameters)[0].total)


def _translate(caller: Caller, filters: Fields) -> tuple[frozenset[str], Fields]:
    """Return the names of the conditions of filters, and the parameters of the list.

    The list of an account without shared projects is that of its personal project. An
    account that joins one after its credentials were read sees it in the next request.
    """
    own: Fields = {}
    for name, value in filters.items():
        translate = conditions.TRANSLATED.get(name)
        own |= translate(value, caller) if translate else {name: value}
    parameters = access.parameters(caller) | own
    if not caller.has_shared_projects and "project_id" not in filters:
        parameters |= access.scope(caller, caller.personal_project_id)
    if parameters["first"] == parameters["last"]:
        own["one_project"] = True
    return frozenset(conditions.NAMES & own.keys()), parameters
