"""Tags: short texts on tasks, compared by their folded form as search words are.

The key of a tag is its folded form. All tasks of a project show a tag as it was first
written there.
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
from taskapi.projects import access, locking
from taskapi.tasks.models import NOT_DELETED, Task, task_tags
from taskapi.tasks.queries import PROJECT
from taskapi.tasks.search import fold
from taskapi.typing import Caller, Fields


class TagRow(Protocol):
    """A row of the list of tags."""

    id: int
    position: str


_keys = Each(bindparam("keys", type_=String())).table_valued("value", name="keys")


def _stored_name(
    key: ColumnElement[str], condition: ColumnElement[bool]
) -> ScalarSelect[str]:
    """Select the name of a tag; all rows of a project with a key have the same."""
    one = select(stored.c.name).where(condition, stored.c.key == key)
    return one.order_by(stored.c.project_id).limit(1).scalar_subquery()


stored = task_tags.alias("stored")
STORED_NAMES = CompiledStatement(
    select(
        _keys.c.value.label("key"),
        _stored_name(_keys.c.value, stored.c.project_id == PROJECT).label("name"),
    )
)
# One statement for all rows: 200,000 tags of an import, sent row by row, take a minute.
INSERT = {
    "sqlite": text(
        "INSERT INTO task_tags (task_id, key, name, project_id) "
        "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), "
        "json_extract(value, '$[2]'), :project FROM json_each(:rows)"
    ),
    "postgresql": text(
        "INSERT INTO task_tags (task_id, key, name, project_id) "
        "SELECT CAST(value->>0 AS bigint), value->>1, value->>2, :project "
        "FROM json_array_elements(CAST(:rows AS json))"
    ),
}

COUNTS = (
    select(task_tags.c.key, func.count().label("task_count"))
    .join(Task, Task.id == task_tags.c.task_id)
    .where(task_tags.c.project_id.in_(access.visible_projects()), NOT_DELETED)
    .group_by(task_tags.c.key)
)
COUNTS_AFTER = COUNTS.where(task_tags.c.key > bindparam("after"))


def _page(counts: Select[Any]) -> Select[Any]:
    ordered = counts.order_by(task_tags.c.key)
    page = ordered.limit(bindparam("limit")).offset(bindparam("offset")).subquery()
    is_visible = stored.c.project_id.in_(access.visible_projects())
    return select(
        _stored_name(page.c.key, is_visible).label("name"),
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
    caller: Caller, project_id: int, names: Iterable[str], *, is_locked: bool = True
) -> dict[str, str]:
    """Return the name of each tag by its key, as it was first written in a project.

    A new tag locks the project until the end of the transaction, so that two requests
    cannot write it in two ways. `is_locked` means that it is locked.
    """
    given: dict[str, str] = {}
    for name in names:
        given.setdefault(key_of(name), name)
    found = _find_names(project_id, given)
    if len(found) < len(given) and not is_locked:
        locking.lock(caller, [project_id])
        found = _find_names(project_id, given)
    return given | found


def renamed(fields: Fields, stored: Mapping[str, str]) -> Fields:
    """Return fields with their tags as stored, by key."""
    if "tags" not in fields:
        return fields
    return {**fields, "tags": [stored[key_of(name)] for name in fields["tags"]]}


def _find_names(project_id: int, keys: Iterable[str]) -> dict[str, str]:
    encoded = json.dumps(list(keys))
    if encoded == "[]":
        return {}
    parameters = {"project": project_id, "keys": encoded}
    rows = STORED_NAMES.run(db.session.connection(), parameters)
    return {row.key: row.name for row in rows if row.name is not None}


def find_page(
    caller: Caller, page: PageRequest, project_id: int | None = None
) -> tuple[Sequence[TagRow], int | None]:
    """Return a page of the tags that the caller may read, with numbers of tasks."""
    after: Fields = {"after": page.after[0]} if page.after else {}
    scope = access.scope(caller, project_id)
    paging = {"limit": page.limit + 1, "offset": page.offset}
    rows = db.read(PAGE_AFTER if after else PAGE, scope | paging | after)
    if not page.with_total:
        return rows, None
    ((total,),) = db.read(TOTAL, scope)
    return rows, int(total)


def find(task_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the tags of tasks; tasks without tags are absent."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for row in db.session.execute(OF_TASKS, {"ids": list(task_ids)}):
        found[row.task_id].append(row.name)
    return found


def attach(project_id: int, tags: Mapping[int, Sequence[str]]) -> None:
    """Add tags to tasks without tags, with names from `stored_names`."""
    rows = [
        (task_id, key_of(name), name)
        for task_id, names in tags.items()
        for name in names
    ]
    if rows:
        dialect = db.session.get_bind().dialect.name
        parameters = {"project": project_id, "rows": orjson.dumps(rows).decode()}
        db.session.execute(INSERT[dialect], parameters)


def attach_new(
    caller: Caller, project_id: int, tags: Mapping[int, Sequence[str]]
) -> None:
    """Add tags to new tasks, with names from the request; the project is locked."""
    every = (name for names in tags.values() for name in names)
    found = stored_names(caller, project_id, every)
    named = {
        task_id: [found[key_of(name)] for name in names]
        for task_id, names in tags.items()
    }
    attach(project_id, named)


def replace(project_id: int, tags: Mapping[int, Sequence[str]]) -> None:
    """Replace the tags of tasks."""
    if tags:
        db.session.execute(delete(task_tags).where(task_tags.c.task_id.in_(tags)))
        attach(project_id, tags)
