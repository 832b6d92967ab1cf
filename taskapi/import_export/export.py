"""Export of tasks in chunks, so that memory use does not grow with their size.

Each page is a short read of its own: a slow client holds neither a connection nor a
lock. The sort order is the order of creation, which never changes, so that a task that
exists throughout the export is written exactly once.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple, Protocol

from sqlalchemy import bindparam, func, literal, select, tuple_

from taskapi import db
from taskapi.db import replica
from taskapi.db.compiled import CompiledStatement
from taskapi.db.types import UtcDateTime
from taskapi.import_export.lines import Format
from taskapi.import_export.schemas import TaskExportSchema
from taskapi.projects import access
from taskapi.tasks.listing import plan_of
from taskapi.tasks.models import NOT_DELETED, Task
from taskapi.tasks.plans import first_rows
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


OF_PROJECT = Task.project_id == bindparam("project", type_=Task.project_id.type)
COUNT = select(func.count()).where(OF_PROJECT, NOT_DELETED)


@cache
def _of_visible(dialect: str, *, continues: bool) -> CompiledStatement[ExportedRow]:
    where = [NOT_DELETED, *([AFTER] if continues else [])]
    window = first_rows(literal(PAGE_SIZE))
    columns = [*STORED, TAGS]
    keys = parse_sort("created_at")
    select_page = plan_of(dialect, frozenset(), keys)
    return CompiledStatement(select_page(columns, frozenset(), keys, where, window))


@cache
def _of_project(_dialect: str, *, continues: bool) -> CompiledStatement[ExportedRow]:
    rows = select(*STORED, TAGS).where(OF_PROJECT, NOT_DELETED)
    rows = rows.where(AFTER) if continues else rows
    ordered = rows.order_by(Task.created_at, Task.id)
    return CompiledStatement(ordered.limit(bindparam("most")))


BYTE_ORDER_MARK = "\ufeff"
"""Spreadsheets decode a CSV file as UTF-8 if it begins with this character."""


class Statement(Protocol):
    """The statement of a page: the first one, or one that continues after a task."""

    def __call__(
        self, dialect: str, /, *, continues: bool
    ) -> CompiledStatement[ExportedRow]: ...


class Chunk(NamedTuple):
    """A part of a file, and the number of tasks in it."""

    text: str
    task_count: int = 0


def export_visible(
    caller: Caller, file_format: Format, project_id: int | None, *, bom: bool = False
) -> Iterator[Chunk]:
    """Yield the file of all tasks that an account sees, or of one project."""
    pages = _pages(_of_visible, access.scope(caller, project_id))
    return _file(pages, file_format, bom=bom)


def export_project(
    project_id: int, file_format: Format, *, bom: bool = False
) -> Iterator[Chunk]:
    """Yield the file of a project, for operators: access is not checked."""
    pages = _pages(_of_project, {"project": project_id})
    return _file(pages, file_format, bom=bom)


def count_project(project_id: int) -> int:
    """Return the number of tasks in the file of a project."""
    return int(db.read(COUNT, {"project": project_id})[0][0])


def export_accounts(
    owners: Iterable[Caller], file_format: Format, *, bom: bool = False
) -> Iterator[Chunk]:
    """Yield the file of several personal projects; each line begins with the owner."""
    schema = TaskExportSchema()
    yield _start(file_format, ["owner", *schema.dump_fields], bom=bom)
    for owner in owners:
        login = {"owner": get_login(owner)}
        personal = access.scope(owner, owner.personal_project_id)
        for rows in _pages(_of_visible, personal):
            tasks = [login | schema.dump(row) for row in rows]
            yield Chunk(file_format.write(tasks), len(rows))


def _file(
    pages: Iterator[Sequence[ExportedRow]], file_format: Format, *, bom: bool
) -> Iterator[Chunk]:
    schema = TaskExportSchema()
    yield _start(file_format, [*schema.dump_fields], bom=bom)
    for rows in pages:
        tasks = [schema.dump(row) for row in rows]
        yield Chunk(file_format.write(tasks), len(rows))


def _start(file_format: Format, names: Sequence[str], *, bom: bool) -> Chunk:
    return Chunk((BYTE_ORDER_MARK if bom else "") + file_format.header(names))


def _pages(statement: Statement, parameters: Fields) -> Iterator[Sequence[ExportedRow]]:
    """Yield the tasks that a statement finds, oldest first."""
    dialect = db.database.engine.dialect.name
    parameters = parameters | {"most": PAGE_SIZE}
    rows = replica.read(statement(dialect, continues=False), parameters)
    while rows:
        yield rows
        last = {"created_at": rows[-1].created_at, "task_id": rows[-1].id}
        rows = replica.read(statement(dialect, continues=True), parameters | last)
