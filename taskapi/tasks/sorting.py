"""Sort keys of the task list, and the order of rows that were read in parts."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from taskapi.clock import INSTANT, first_day_from, midnight, start_of_day
from taskapi.tasks.models import Task, TaskPriority, TaskRow
from taskapi.typing import Fields

SORTS = {
    "created_at": Task.__table__.c.created_at,
    "updated_at": Task.__table__.c.updated_at,
    "completed_at": Task.__table__.c.completed_at,
    "due_date": Task.__table__.c.due_at,
    "priority": Task.__table__.c.priority,
    "title": Task.__table__.c.title,
}
MAX_SORT_KEYS = 2
RANKS = {priority: rank for rank, priority in enumerate(TaskPriority)}


AnyTaskRow = TypeVar("AnyTaskRow", bound=TaskRow)


class Key(NamedTuple):
    """A sort key."""

    name: str
    descending: bool


Keys = tuple[Key, ...]


@lru_cache(maxsize=32)
def parse_sort(sort: str) -> Keys:
    """Return the keys of the `sort` parameter, each name once."""
    keys: dict[str, Key] = {}
    for text in sort.split(","):
        name = text.removeprefix("-")
        keys.setdefault(name, Key(name, text.startswith("-")))
    return tuple(keys.values())


def position_of(row: TaskRow, keys: Keys, timezone: str) -> list[Any]:
    """Return the values by which a row is sorted."""
    return [_value(row, key.name, timezone) for key in keys]


def cursor_parameters(
    keys: Keys, after: tuple[list[Any], int], timezone: str
) -> Fields:
    """Return the parameters of a statement that continues after a row."""
    position, row_id = after
    parameters: Fields = {"after_id": row_id}
    for number, (key, value) in enumerate(zip(keys, position, strict=True)):
        parameters[f"after_{number}"] = value
        if key.name == "due_date" and value is not None:
            parameters[f"after_{number}_day"] = _stored_day(value, timezone)
    return parameters


def merge(rows: Sequence[AnyTaskRow], keys: Keys, timezone: str) -> list[AnyTaskRow]:
    """Sort the rows of all parts; those without a value of a key come last."""
    merged = sorted(rows, key=lambda row: row.id, reverse=keys[-1].descending)
    for key in reversed(keys):
        order = _order(key.name, timezone)
        placed = [(order(row), row) for row in merged]
        valued = [pair for pair in placed if pair[0] is not None]
        valued.sort(key=itemgetter(0), reverse=key.descending)
        empty = [row for value, row in placed if value is None]
        merged = [row for _, row in valued] + empty
    return merged


def _order(name: str, timezone: str) -> Callable[[TaskRow], Any]:
    if name == "priority":
        return lambda row: RANKS[row.priority]
    return lambda row: _value(row, name, timezone)


def _value(row: TaskRow, name: str, timezone: str) -> Any:
    if name != "due_date":
        return getattr(row, name)
    due = row.due_at
    return start_of_day(due.date(), timezone) if due and row.due_is_day else due


def _stored_day(instant: datetime, timezone: str) -> datetime:
    """Return the timestamp that stored days are compared with for an instant.

    Only a day that begins exactly at the instant equals it.
    """
    day = first_day_from(instant, timezone)
    stored = midnight(day)
    return stored if start_of_day(day, timezone) == instant else stored - INSTANT
