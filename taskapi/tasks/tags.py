"""Tags: short texts on tasks, compared like search words.

The key of a tag is its folded text. All tasks of an account show a tag as the account
first wrote it.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import String, bindparam, delete, func, literal, select, text

from taskapi import db
from taskapi.db import AnyRow
from taskapi.db.compiled import CompiledStatement
from taskapi.db.pagination import PageRequest
from taskapi.db.types import Each
from taskapi.tasks import tree
from taskapi.tasks.folding import fold
from taskapi.tasks.models import NOT_DELETED, Task, task_tags
from taskapi.tasks.queries import OWNER, owned

_keys = Each(bindparam("keys", type_=String())).table_valued("value", name="wanted")


def _written(key: Any) -> Any:
    """Return the text of a tag; all rows of an account with this key have the same."""
    rows = task_tags.alias("written")
    one = select(rows.c.name).where(rows.c.owner_id == OWNER, rows.c.key == key)
    return one.limit(1).scalar_subquery()


WRITTEN = CompiledStatement(
    select(_keys.c.value.label("key"), _written(_keys.c.value).label("name"))
)
INSERT = {
    "sqlite": text(
        "INSERT INTO task_tags (task_id, key, name, owner_id) "
        "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), "
        "json_extract(value, '$[2]'), :whose FROM json_each(:rows)"
    ),
    "postgresql": text(
        "INSERT INTO task_tags (task_id, key, name, owner_id) "
        "SELECT CAST(value->>0 AS bigint), value->>1, value->>2, :whose "
        "FROM json_array_elements(CAST(:rows AS json))"
    ),
}
"""One statement for all: 200,000 tags of an import, sent row by row, take a minute."""

COUNTED = (
    select(task_tags.c.key, func.count().label("task_count"))
    .join(Task, Task.id == task_tags.c.task_id)
    .where(owned(OWNER), task_tags.c.owner_id == OWNER, NOT_DELETED)
    .group_by(task_tags.c.key)
)
AFTER = COUNTED.where(task_tags.c.key > bindparam("after"))


def _page(counted: Any) -> Any:
    window = counted.order_by(task_tags.c.key)
    window = window.limit(bindparam("limit")).offset(bindparam("offset"))
    shown = window.subquery()
    return select(
        _written(shown.c.key).label("name"),
        shown.c.key.label("position"),
        literal(0).label("id"),
        shown.c.task_count,
    ).order_by(shown.c.key)


PAGE, PAGE_AFTER = _page(COUNTED), _page(AFTER)
TOTAL = select(func.count()).select_from(COUNTED.subquery())

OF_TASKS = select(task_tags.c.task_id, task_tags.c.name).where(
    task_tags.c.task_id.in_(bindparam("ids", expanding=True))
)


def key_of(name: str) -> str:
    """Return the form in which a tag is compared with others."""
    return " ".join(fold(name).split()) or name


def as_written(
    owner_id: int, names: Iterable[str], *, locked: bool = False
) -> dict[str, str]:
    """Return the text of each tag by its key, as the account first wrote it.

    A new tag locks the owner's row until the end of the transaction, so that two
    requests cannot write it in two ways. `locked` means that it is locked already.
    """
    given: dict[str, str] = {}
    for name in names:
        given.setdefault(key_of(name), name)
    written = _written_before(owner_id, given)
    if len(written) < len(given) and not locked:
        tree.hold(owner_id)
        written = _written_before(owner_id, given)
    return given | written


def _written_before(owner_id: int, keys: Iterable[str]) -> dict[str, str]:
    asked = json.dumps(list(keys))
    if asked == "[]":
        return {}
    of = {"whose": owner_id, "keys": asked}
    rows = WRITTEN.run(db.session.connection(), of)
    return {row.key: row.name for row in rows if row.name is not None}


def find_page(caller: Any, window: PageRequest) -> tuple[Sequence[AnyRow], int | None]:
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
    """Give tasks their first tags, as `as_written` returns them."""
    rows = [
        (task_id, key_of(name), name)
        for task_id, names in tags.items()
        for name in names
    ]
    if rows:
        dialect = db.session.get_bind().dialect.name
        of = {"whose": owner_id, "rows": orjson.dumps(rows).decode()}
        db.session.execute(INSERT[dialect], of)


def attach_new(owner_id: int, tags: Mapping[int, Sequence[str]]) -> None:
    """Give tasks their first tags, however written; the owner's row is locked."""
    every = (name for names in tags.values() for name in names)
    written = as_written(owner_id, every, locked=True)
    texts = {
        task_id: [written[key_of(name)] for name in names]
        for task_id, names in tags.items()
    }
    attach(owner_id, texts)


def replace(owner_id: int, tags: Mapping[int, Sequence[str]]) -> None:
    """Give tasks other tags than they have."""
    if tags:
        db.session.execute(delete(task_tags).where(task_tags.c.task_id.in_(tags)))
        attach(owner_id, tags)


def listed(joined: str | None) -> list[str]:
    """Return the names that a query has joined, in the order of their code points."""
    return sorted(joined.split(",")) if joined else []
