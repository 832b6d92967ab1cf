"""Filters of the task list: their conditions, and the parameters of these."""

import json
import operator
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from taskapi.clock import first_day_from, midnight, start_of_day
from taskapi.db.types import UtcDateTime
from taskapi.projects import access
from taskapi.tasks.models import IN_TRASH, MAX_TAGS, NOT_DELETED, Task, task_tags
from taskapi.tasks.queries import (
    ASSIGNEE,
    EITHER_KIND,
    NO_DUE_DATE,
    NOW,
    TODAY,
    overdue,
)
from taskapi.tasks.search import query_terms
from taskapi.tasks.search_index import HasTerms
from taskapi.tasks.tags import key_of
from taskapi.typing import Caller, Fields

LIST_PARAMETERS = {"status", "priority", "ids"}
"""Filters with a list as parameter, which a compiled statement cannot take."""

LATEST = bindparam("latest", type_=UtcDateTime)


def _tagged(number: int) -> ColumnElement[bool]:
    return Task.id.in_(
        select(task_tags.c.task_id).where(
            task_tags.c.project_id.in_(access.visible_projects()),
            task_tags.c.key == bindparam(f"tag_{number}"),
        )
    )


def _due(name: str, compare: Callable[..., Any]) -> ColumnElement[bool]:
    """Compare days with a day and timestamps with a timestamp, both by one index."""
    day, timestamp, either = (
        bindparam(f"{name}{suffix}", type_=UtcDateTime)
        for suffix in ("_day", "", "_either")
    )
    bound = case((Task.due_is_day, day), else_=timestamp)
    return and_(EITHER_KIND, compare(Task.due_at, either), compare(Task.due_at, bound))


CONDITIONS: dict[str, ColumnElement[bool]] = {
    "status": Task.status.in_(bindparam("status", expanding=True)),
    "priority": Task.priority.in_(bindparam("priority", expanding=True)),
    "ids": Task.id.in_(bindparam("ids", expanding=True)),
    "external_id": Task.external_id == bindparam("external_id"),
    "parent_id": Task.parent_id == bindparam("parent_id"),
    "top_level": Task.parent_id.is_(None),
    "overdue": and_(EITHER_KIND, Task.due_at < LATEST, overdue(NOW, TODAY)),
    "not_overdue": ~overdue(NOW, TODAY),
    "assigned": Task.assignee_id == ASSIGNEE,
    "unassigned": Task.assignee_id.is_(None),
    "one_project": Task.project_id == access.visible_project(),
    "q": HasTerms(Task.terms, Task.id),
    "no_due_date": NO_DUE_DATE,
    "due_before": _due("due_before", operator.lt),
    "due_after": _due("due_after", operator.ge),
    **{f"tag_{number}": _tagged(number) for number in range(MAX_TAGS)},
    **{
        f"{name}_{side}": condition
        for name, column in {
            "created": Task.created_at,
            "updated": Task.updated_at,
            "completed": Task.completed_at,
        }.items()
        for side, condition in {
            "before": column < bindparam(f"{name}_before"),
            "after": column >= bindparam(f"{name}_after"),
        }.items()
    },
}

OF_SOME_VALUES = {"status", "priority", "overdue", "not_overdue"} | {
    f"{name}_{side}"
    for name in ("due", "created", "updated", "completed")
    for side in ("before", "after")
}
"""Conditions that most tasks meet or none, so that the values decide the best plan.

In a project of 60,000 tasks, dates without a match take 10 to 40 ms with a plan for any
values, and 2 with a plan for these.
"""


class InVisible(FunctionElement[bool]):
    """Condition that a project is one of a subquery, for which no index is used."""

    inherit_cache = True


@compiles(InVisible, "postgresql")
def _in_array(element: InVisible, compiler: SQLCompiler, **options: object) -> str:
    project_id, visible = (compiler.process(c, **options) for c in element.clauses)
    return f"{project_id} = ANY (ARRAY{visible})"


@compiles(InVisible, "sqlite")
def _in_list(element: InVisible, compiler: SQLCompiler, **options: object) -> str:
    project_id, visible = (compiler.process(c, **options) for c in element.clauses)
    return f"{project_id} IN {visible}"


IN_VISIBLE = InVisible(
    func.coalesce(Task.project_id, Task.project_id),
    access.visible_projects().scalar_subquery(),
)

NAMES = CONDITIONS.keys() | {"deleted"}


def conditions_of(names: frozenset[str]) -> list[ColumnElement[bool]]:
    """Return the conditions, which do not replace those of `projects.access`."""
    place = IN_TRASH if "deleted" in names else NOT_DELETED
    return [place, *(CONDITIONS[name] for name in sorted(names - {"deleted"}))]


def _due_before(bound: date, caller: Caller) -> Fields:
    return _due_bounds("due_before", bound, caller.timezone, max)


def _due_after(bound: date, caller: Caller) -> Fields:
    return _due_bounds("due_after", bound, caller.timezone, min)


def _due_bounds(
    name: str, bound: date, timezone: str, widest: Callable[..., datetime]
) -> Fields:
    """Return the bounds of timestamps and of days, and one that covers both."""
    if not isinstance(bound, datetime):
        bound = start_of_day(bound, timezone)
    day = midnight(first_day_from(bound, timezone))
    return {name: bound, f"{name}_day": day, f"{name}_either": widest(bound, day)}


TRANSLATED: dict[str, Callable[[Any, Caller], Fields]] = {
    "tag": lambda names, _: {f"tag_{n}": key_of(name) for n, name in enumerate(names)},
    "q": lambda text, _: {"q": query_terms(text)},
    "status": lambda chosen, _: {
        "status": chosen,
        "statuses": json.dumps([*dict.fromkeys(chosen)]),  # each is read separately
    },
    "project_id": lambda project, caller: access.scope(
        caller, access.chosen(caller, project)
    ),
    "assignee_id": lambda assignee, caller: (
        {"unassigned": True}
        if assignee == "none"
        else {"assigned": True, "assignee": caller.id if assignee == "me" else assignee}
    ),
    "parent_id": lambda parent, _: {
        "top_level" if parent == "none" else "parent_id": parent
    },
    "overdue": lambda late, _: {"overdue" if late else "not_overdue": late},
    "deleted": lambda deleted, _: {"deleted": deleted} if deleted else {},
    "due": lambda *_: {"no_due_date": True},
    "due_before": _due_before,
    "due_after": _due_after,
}
"""Filters whose parameters differ from their value."""
