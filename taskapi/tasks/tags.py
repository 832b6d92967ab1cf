"""Tags: short words on tasks, kept in a table of their own."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, literal, select

from taskapi import db
from taskapi.db import AnyRow
from taskapi.paging import Window
from taskapi.tasks.models import LIVE, Task, task_tags
from taskapi.tasks.queries import OWNER, owned

COUNTED = (
    select(
        task_tags.c.name,
        task_tags.c.name.label("position"),
        literal(0).label("id"),
        func.count().label("task_count"),
    )
    .join(Task, Task.id == task_tags.c.task_id)
    .where(owned(OWNER), task_tags.c.owner_id == OWNER, LIVE)
    .group_by(task_tags.c.name)
    .order_by(task_tags.c.name)
)
PAGE = COUNTED.limit(bindparam("limit")).offset(bindparam("offset"))
PAGE_AFTER = PAGE.where(task_tags.c.name > bindparam("after"))
TOTAL = select(func.count()).select_from(COUNTED.subquery())

OF_TASKS = select(task_tags.c.task_id, task_tags.c.name).where(
    task_tags.c.task_id.in_(bindparam("ids", expanding=True))
)


def find_page(caller: Any, window: Window) -> tuple[Sequence[AnyRow], int | None]:
    """Return a page of the caller's tags, with how many tasks have each."""
    after = {"after": window.after[0]} if window.after else {}
    owner = {"whose": caller.id}
    paging = {"limit": window.limit + 1, "offset": window.offset}
    rows = db.read(PAGE_AFTER if after else PAGE, owner | paging | after)
    if not window.with_total:
        return rows, None
    ((total,),) = db.read(TOTAL, owner)
    return rows, int(total)


def find(task_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the tags of tasks; those without any are left out."""
    ids = list(task_ids)
    found: defaultdict[int, list[str]] = defaultdict(list)
    for row in db.session.execute(OF_TASKS, {"ids": ids}) if ids else ():
        found[row.task_id].append(row.name)
    return found


def attach(owner_id: int, tags: Mapping[int, Sequence[str]]) -> None:
    """Give tasks their first tags."""
    rows = [
        {"task_id": task_id, "name": name, "owner_id": owner_id}
        for task_id, names in tags.items()
        for name in names
    ]
    if rows:
        db.session.execute(insert(task_tags), rows)


def replace(owner_id: int, tags: Mapping[int, Sequence[str]]) -> None:
    """Give tasks other tags than they have."""
    if tags:
        db.session.execute(delete(task_tags).where(task_tags.c.task_id.in_(tags)))
        attach(owner_id, tags)


def listed(joined: str | None) -> list[str]:
    """Return the names that a query has joined, in the order of their code points."""
    return sorted(joined.split(",")) if joined else []
