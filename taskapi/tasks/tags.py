"""Tags: short texts on tasks, compared by their folded form as search words are.

The key of a tag is its folded form. All tasks of an account show a tag as the account
first wrote it.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import orjson
from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    String,
    bindparam,
    delete,
    func,
    literal,
    select,
    text,
)

from taskapi import db
from taskapi.db.compiled import CompiledStatement
from taskapi.db.pagination import PageRequest
from taskapi.db.types import Each
from taskapi.tasks import tree
from taskapi.tasks.models import NOT_DELETED, Task, task_tags
from taskapi.tasks.queries import OWNER, owned
from taskapi.tasks.search import fold
from taskapi.typing import Account, Fields


class TagRow(Protocol):
    """A row of the list of tags."""

    id: int
    position: str


_keys = Each(bindparam("keys", type_=String())).table_valued("value", name="keys")


def _stored_name(key: ColumnElement[str]) -> ScalarSelect[str]:
    """Select the name of a tag; all rows of an account with a key have the same."""
    rows = task_tags.alias("stored")
    one = select(rows.c.name).where(rows.c.owner_id == OWNER, rows.c.key == key)
    return one.limit(1).scalar_subquery()


STORED_NAMES = CompiledStatement(
    select(_keys.c.value.label("key"), _stored_name(_keys.c.value).label("name"))
)
# One statement for all rows: 200,000 tags of an import, sent row by row, take a minute.
INSERT = {
    "sqlite": text(
        "INSERT INTO task_tags (task_id, key, name, owner_id) "
        "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), "
        "json_extract(value, '$[2]'), :owner FROM json_each(:rows)"
    ),
    "postgresql": text(
        "INSERT INTO task_tags (task_id, key, name, owner_id) "
        "SELECT CAST(value->>0 AS bigint), value->>1, value->>2, :owner "
        "FROM json_array_elements(CAST(:rows AS json))"
    ),
}

COUNTS = (
    select(task_tags.c.key, func.count().label("task_count"))
    .join(Task, Task.id == task_tags.c.task_id)
    .where(owned(OWNER), task_tags.c.owner_id == OWNER, NOT_DELETED)
    .group_by(task_tags.c.key)
)
COUNTS_AFTER = COUNTS.where(task_tags.c.key > bindparam("after"))


def _page(counts: Select[Any]) -> Select[Any]:
    ordered = counts.order_by(task_tags.c.key)
    page = ordered.limit(bindparam("limit")).offset(bindparam("offset")).subquery()
    return select(
        _stored_name(page.c.key).label("name"),
        page.c.key.label("position"),
        literal(0).label("id"),
        page.c.task_count,
    ).order_by(page.c.key)


PAGE, PAGE_AFTER = _page(COUNTS), _page(COUNTS_AFTER)
TOTAL = select(func.count()).select_from(COUNTS.subquery())

OF_TASKS = select(task_tags.c.task_id, task_tags.c.name).where(
    task_tags.c.task_id.in_(bindparam("ids", expanding=True))
)


def key_of(name: str) -> str:
    """Return the form in which a tag is compared with others."""
    return " ".join(fold(name).split()) or name


def stored_names(
    owner_id: int, names: Iterable[str], *, owner_locked: bool = False
) -> dict[str, str]:
    """Return the name of each tag by its key, as the account first wrote it.

    A new tag locks the owner's row until the end of the transaction, so that two
    requests cannot write it in two ways. `owner_locked` means that it is locked.
    """
    given: dict[str, str] = {}
    for name in names:
        given.setdefault(key_of(name), name)
    stored = _find_names(owner_id, given)
    if len(stored) < len(given) and not owner_locked:
        tree.lock_owner(owner_id)
        stored = _find_names(owner_id, given)
    return given | stored


def with_stored_names(
    owner_id: int, changes: Sequence[Fields], *, owner_locked: bool
) -> list[Fields]:
    """Return the fields of changes with tags as the account first wrote them."""
    names = [name for fields in changes for name in fields.get("tags", ())]
    stored = stored_names(owner_id, names, owner_locked=owner_locked)
    replaced: list[Fields] = []
    for fields in changes:
        own = [stored[key_of(name)] for name in fields.get("tags", ())]
        replaced.append({**fields, **({"tags": own} if "tags" in fields else {})})
    return replaced


def _find_names(owner_id: int, keys: Iterable[str]) -> dict[str, str]:
    encoded = json.dumps(list(keys))
    if encoded == "[]":
        return {}
    parameters = {"owner": owner_id, "keys": encoded}
    rows = STORED_NAMES.run(db.session.connection(), parameters)
    return {row.key: row.name for row in rows if row.name is not None}


def find_page(
    caller: Account, page: PageRequest
) -> tuple[Sequence[TagRow], int | None]:
    """Return a page of the caller's tags, each with its number of tasks."""
    after: Fields = {"after": page.after[0]} if page.after else {}
    owner = {"owner": caller.id}
    paging = {"limit": page.limit + 1, "offset": page.offset}
    rows = db.read(PAGE_AFTER if after else PAGE, owner | paging | after)
    if not page.with_total:
        return rows, None
    ((total,),) = db.read(TOTAL, owner)
    return rows, int(total)


def find(task_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the tags of tasks; tasks without tags are absent."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for row in db.session.execute(OF_TASKS, {"ids": list(task_ids)}):
        found[row.task_id].append(row.name)
    return found


def attach(owner_id: int, tags: Mapping[int, Sequence[str]]) -> None:
    """Add tags to tasks without tags, with names from `stored_names`."""
    rows = [
        (task_id, key_of(name), name)
        for task_id, names in tags.items()
        for name in names
    ]
    if rows:
        dialect = db.session.get_bind().dialect.name
        parameters = {"owner": owner_id, "rows": orjson.dumps(rows).decode()}
        db.session.execute(INSERT[dialect], parameters)


def attach_new(owner_id: int, tags: Mapping[int, Sequence[str]]) -> None:
    """Add tags to new tasks, with names from the request; the owner is locked."""
    every = (name for names in tags.values() for name in names)
    stored = stored_names(owner_id, every, owner_locked=True)
    named = {
        task_id: [stored[key_of(name)] for name in names]
        for task_id, names in tags.items()
    }
    attach(owner_id, named)


def replace(owner_id: int, tags: Mapping[int, Sequence[str]]) -> None:
    """Replace the tags of tasks."""
    if tags:
        db.session.execute(delete(task_tags).where(task_tags.c.task_id.in_(tags)))
        attach(owner_id, tags)
