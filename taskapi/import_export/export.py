"""Export of accounts in chunks, so that memory use does not grow with their size.

Each page is a short read of its own: a slow client holds neither a connection nor a
lock. The sort order is the order of creation, which never changes, so that a task that
exists throughout the export is written exactly once.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from sqlalchemy import bindparam, select, tuple_

from taskapi.db import replica
from taskapi.db.compiled import CompiledStatement
from taskapi.db.types import UtcDateTime
from taskapi.import_export.lines import Format
from taskapi.import_export.schemas import TaskExportSchema
from taskapi.tasks.models import NOT_DELETED, Task
from taskapi.tasks.queries import OWNER, STORED, TAGS, owned
from taskapi.typing import Account
from taskapi.users.models import get_login

PAGE_SIZE = 500


class ExportedRow(Protocol):
    """A row of the export, with the columns that it is sorted by."""

    id: int
    created_at: datetime


FIRST = (
    select(*STORED, TAGS)
    .where(owned(OWNER), NOT_DELETED)
    .order_by(Task.created_at, Task.id)
    .limit(PAGE_SIZE)
)
LAST_SEEN = tuple_(
    bindparam("created_at", type_=UtcDateTime), bindparam("task_id", type_=Task.id.type)
)
FIRST_PAGE = CompiledStatement[ExportedRow](FIRST)
NEXT_PAGE = CompiledStatement[ExportedRow](
    FIRST.where(tuple_(Task.created_at, Task.id) > LAST_SEEN)
)
BYTE_ORDER_MARK = "\ufeff"
"""Spreadsheets decode a CSV file as UTF-8 if it begins with this character."""


class Chunk(NamedTuple):
    """A part of a file, and the number of tasks in it."""

    text: str
    task_count: int = 0


def export_account(
    owner: Account, file_format: Format, *, bom: bool = False
) -> Iterator[Chunk]:
    """Yield the file of one account."""
    schema = TaskExportSchema()
    yield _start(file_format, [*schema.dump_fields], bom=bom)
    for rows in _pages(owner.id):
        tasks = [schema.dump(row) for row in rows]
        yield Chunk(file_format.write(tasks), len(rows))


def export_accounts(
    owners: Iterable[Account], file_format: Format, *, bom: bool = False
) -> Iterator[Chunk]:
    """Yield the file of several accounts, each line beginning with its owner."""
    schema = TaskExportSchema()
    yield _start(file_format, ["owner", *schema.dump_fields], bom=bom)
    for owner in owners:
        login = {"owner": get_login(owner)}
        for rows in _pages(owner.id):
            tasks = [login | schema.dump(row) for row in rows]
            yield Chunk(file_format.write(tasks), len(rows))


def _start(file_format: Format, names: Sequence[str], *, bom: bool) -> Chunk:
    return Chunk((BYTE_ORDER_MARK if bom else "") + file_format.header(names))


def _pages(owner_id: int) -> Iterator[Sequence[ExportedRow]]:
    """Yield the tasks of an owner that are not in the trash, oldest first."""
    rows = _page(owner_id)
    while rows:
        yield rows
        rows = _page(owner_id, after=rows[-1])


def _page(owner_id: int, after: ExportedRow | None = None) -> Sequence[ExportedRow]:
    owner = {"owner": owner_id}
    if after is None:
        return replica.read(FIRST_PAGE, owner)
    last_seen = {"created_at": after.created_at, "task_id": after.id}
    return replica.read(NEXT_PAGE, owner | last_seen)
