"""Export of tasks in chunks, so that memory use does not grow with their size.

Each page is a short read of its own: a slow client holds neither a connection nor a
lock. The sort order is the order of creation, which never changes, so that a task that
exists throughout the export is written exactly once.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple, Protocol

from sqlalchemy import bindparam, literal, tuple_

from taskapi import db
from taskapi.db import replica
from taskapi.db.compiled import CompiledStatement
from taskapi.db.types import UtcDateTime
from taskapi.import_export.lines import Format
from taskapi.import_export.schemas import TaskExportSchema
from taskapi.projects import access
from taskapi.tasks.models import NOT_DELETED, Task
from taskapi.tasks.plans import Window, merged
from taskapi.tasks.queries import STORED, TAGS
from taskapi.tasks.sorting import parse_sort
from taskapi.typing import Caller, Fields
from taskapi.users.models import get_login

PAGE_SIZE = 500


class ExportedRow(Protocol):
    """A row of the export, with the columns that it is sorted by."""

    id: int
    created_at: datetime


LAST_SEEN = tuple_(
    bindparam("created_at", type_=UtcDateTime), bindparam("task_id", type_=Task.id.type)
)
AFTER = tuple_(Task.created_at, Task.id) > LAST_SEEN


@cache
def _statement(dialect: str, *, continues: bool) -> CompiledStatement[ExportedRow]:
    where = [NOT_DELETED, *([AFTER] if continues else [])]
    window = Window(literal(PAGE_SIZE), literal(0))
    columns = [*STORED, TAGS]
    keys = parse_sort("created_at")
    return CompiledStatement(merged[dialect](columns, frozenset(), keys, where, window))


BYTE_ORDER_MARK = "\ufeff"
"""Spreadsheets decode a CSV file as UTF-8 if it begins with this character."""


class Chunk(NamedTuple):
    """A part of a file, and the number of tasks in it."""

    text: str
    task_count: int = 0


def export_visible(
    caller: Caller, file_format: Format, project_id: int | None, *, bom: bool = False
) -> Iterator[Chunk]:
    """Yield the file of all tasks that an account sees, or of one project."""
    schema = TaskExportSchema()
    yield _start(file_format, [*schema.dump_fields], bom=bom)
    for rows in _pages(access.scope(caller, project_id)):
        tasks = [schema.dump(row) for row in rows]
        yield Chunk(file_format.write(tasks), len(rows))


def export_accounts(
    owners: Iterable[Caller], file_format: Format, *, bom: bool = False
) -> Iterator[Chunk]:
    """Yield the file of several personal projects; each line begins with the owner."""
    schema = TaskExportSchema()
    yield _start(file_format, ["owner", *schema.dump_fields], bom=bom)
    for owner in owners:
        login = {"owner": get_login(owner)}
        for rows in _pages(access.scope(owner, owner.personal_project_id)):
            tasks = [login | schema.dump(row) for row in rows]
            yield Chunk(file_format.write(tasks), len(rows))


def _start(file_format: Format, names: Sequence[str], *, bom: bool) -> Chunk:
    return Chunk((BYTE_ORDER_MARK if bom else "") + file_format.header(names))


def _pages(scope: Fields) -> Iterator[Sequence[ExportedRow]]:
    """Yield the tasks of projects that are not in the trash, oldest first."""
    rows = _page(scope)
    while rows:
        yield rows
        rows = _page(scope, after=rows[-1])


def _page(scope: Fields, after: ExportedRow | None = None) -> Sequence[ExportedRow]:
    dialect = db.database.engine.dialect.name
    parameters = scope | {"most": PAGE_SIZE}
    if after:
        parameters |= {"created_at": after.created_at, "task_id": after.id}
    return replica.read(_statement(dialect, continues=after is not None), parameters)
