"""From the filters of a request to those of `queries`, with their parameters."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from taskapi.tasks.local_days import first_day_from, midnight, start_of_day
from taskapi.tasks.queries import FILTERS
from taskapi.tasks.search import wanted
from taskapi.tasks.tags import key_of

Parameters = dict[str, Any]
NAMES = FILTERS.keys() | {"deleted"}


def translate(caller: Any, filters: Parameters) -> tuple[frozenset[str], Parameters]:
    """Return the names of the filters in `queries`, and their parameters."""
    given: Parameters = {}
    for name, value in filters.items():
        own = TRANSLATED.get(name)
        given |= own(value, caller) if own else {name: value}
    return frozenset(NAMES & given.keys()), given


def _due_before(bound: date, caller: Any) -> Parameters:
    return _due("due_before", bound, caller.timezone, max)


def _due_after(bound: date, caller: Any) -> Parameters:
    return _due("due_after", bound, caller.timezone, min)


def _due(
    name: str, bound: date, timezone: str, widest: Callable[..., datetime]
) -> Parameters:
    """Return the bounds of timestamps and of days, and one that covers both."""
    if not isinstance(bound, datetime):
        bound = start_of_day(bound, timezone)
    day = midnight(first_day_from(bound, timezone))
    return {name: bound, f"{name}_day": day, f"{name}_either": widest(bound, day)}


TRANSLATED: dict[str, Callable[[Any, Any], Parameters]] = {
    "tag": lambda names, _: {f"tag_{n}": key_of(name) for n, name in enumerate(names)},
    "q": lambda text, caller: {"q": wanted(caller.id, text)},
    "parent_id": lambda parent, _: {
        "top_level" if parent == "none" else "parent_id": parent
    },
    "overdue": lambda late, _: {"overdue" if late else "not_overdue": late},
    "deleted": lambda deleted, _: {"deleted": deleted} if deleted else {},
    "due": lambda *_: {"no_due_date": True},
    "due_before": _due_before,
    "due_after": _due_after,
}
