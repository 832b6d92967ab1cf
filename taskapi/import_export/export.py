"""Export: tasks in pieces of a file, so that no account is too large for the memory."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from taskapi.import_export import reading
from taskapi.import_export.formats import Form
from taskapi.import_export.schemas import (
    OwnedLineSchema,
    TaskLineSchema,
)
from taskapi.users.models import login_of


class Piece(NamedTuple):
    """A part of a file, and how many tasks are in it."""

    text: str
    number: int = 0


BOM = "\ufeff"
"""Spreadsheets read a CSV file as UTF-8 if it begins with this byte order mark."""


def of_one(owner: Any, form: Form, *, bom: bool = False) -> Iterator[Piece]:
    """Yield the file of one account."""
    schema = TaskLineSchema()
    yield Piece((BOM if bom else "") + form.head([*schema.dump_fields]))
    for rows in reading.pages(owner.id):
        yield Piece(form.write([schema.dump(row) for row in rows]), len(rows))


def of_several(
    owners: Iterable[Any], form: Form, *, bom: bool = False
) -> Iterator[Piece]:
    """Yield the file of several accounts, whose lines begin with the owner."""
    schema = TaskLineSchema()
    yield Piece((BOM if bom else "") + form.head([*OwnedLineSchema().dump_fields]))
    for owner in owners:
        name = {"owner": login_of(owner)}
        for rows in reading.pages(owner.id):
            tasks = [name | schema.dump(row) for row in rows]
            yield Piece(form.write(tasks), len(rows))
