"""Tables in CSV (RFC 4180), which spreadsheets open without running what is in them.

Read are tables with commas, semicolons or tabs, also after a `sep=` line.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from io import StringIO
from itertools import chain
from typing import Any

from taskapi.errors import FieldError
from taskapi.import_export import formulas
from taskapi.import_export.formats import (
    Faults,
    Form,
    Line,
    Path,
)
from taskapi.import_export.records import Records
from taskapi.import_export.texts import (
    UNDECODABLE,
    UNMARKED,
    Text,
)
from taskapi.web.schema import MAX_UNKNOWN_FIELDS, unknown_field
from taskapi.web.timestamps import rfc3339

SEPARATORS = (",", ";", "\t")
SEP_LINE = re.compile(r'"?sep=(.?)"?\s*', re.IGNORECASE)
EMPTY = FieldError("The first line must name the columns.", "required")
TWICE = FieldError("This column is there twice.", "repeated")
SEPARATOR = FieldError(
    "The cells must be separated by commas, semicolons or tabs.",
    "malformed-csv",
    "Save the table as CSV again, or replace the separator.",
)


def _head(names: Sequence[str]) -> str:
    return _table([names])


def _write(tasks: Sequence[Mapping[str, Any]]) -> str:
    return _table([list(map(_cell, task.values())) for task in tasks])


def _table(rows: Sequence[Sequence[str]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return rfc3339(value)
    text = ",".join(value) if isinstance(value, list) else str(value or "")
    return formulas.neutralise(text)


def _read(text: Text, known: Sequence[str]) -> Iterator[Line]:
    records = Records(text)
    first = _first(records)
    named = SEP_LINE.fullmatch(first)
    if named:
        records.forget()
        first = "" if named[1] in SEPARATORS else first
    if named and first:
        yield Line(records.number, faults={None: [SEPARATOR]})
        return
    begun = [first] if first else []
    separator = named[1] if named else _separator(first, known)
    rows = records.rows(chain(begun, records), separator)
    yield from _lines(text, rows, known)


def _first(records: Records) -> str:
    """Return the first line that is not blank."""
    for piece in records:
        if piece.strip():
            return piece
        records.forget()
    return ""


def _separator(head: str, known: Sequence[str]) -> str:
    """Return the separator that makes the most columns out of a first line."""

    def columns(separator: str) -> int:
        names = [name.strip().strip('"').strip() for name in head.split(separator)]
        return len({*names} & {*known})

    return max(SEPARATORS, key=columns)


def _lines(text: Text, rows: Iterator[Line], known: Sequence[str]) -> Iterator[Line]:
    head = next(rows, Line(1, faults={None: [EMPTY]}))
    names = [name.strip() for name in head.fields or []]
    faults = head.faults or _faults_of_head(text, names, known)
    if faults:
        yield Line(head.number, faults=faults)
        return
    for row in rows:
        yield row if row.faults else _task(text, row, names)


def _faults_of_head(text: Text, names: Sequence[str], known: Sequence[str]) -> Faults:
    if "\0" in "".join(names[:1]):
        return {None: [UNMARKED]}
    for column, name in enumerate(names, 1):
        fault = text.fault(name)
        if fault:
            return {None: [fault.at(column)]}
    if _has_other_separator(names, known):
        return {None: [SEPARATOR]}
    return _strangers(names, known)


def _has_other_separator(names: Sequence[str], known: Sequence[str]) -> bool:
    parts = re.split(r"[^\w\s]+", names[0]) if len(names) == 1 else []
    return len(parts) > 1 and any(part.strip() in known for part in parts)


def _strangers(names: Sequence[str], known: Sequence[str]) -> Faults:
    first: dict[str, int] = {}
    faults: dict[Any, Any] = {}
    for column, name in enumerate(names, 1):
        if name in first and name in known:
            faults[name] = [TWICE.at(column)]
        elif (
            name not in known
            and name not in faults
            and len(faults) < MAX_UNKNOWN_FIELDS
        ):
            faults[name] = [unknown_field(name, list(known)).at(column)]
        first.setdefault(name, column)
    return faults


def _task(text: Text, row: Line, names: Sequence[str]) -> Line:
    number, cells = row.number, row.fields
    if len(cells) != len(names):
        sentence = f"{len(cells)} cells here, and {len(names)} columns."
        column = min(len(cells), len(names)) + 1
        return Line(
            number, faults={None: [FieldError(sentence, "length", column=column)]}
        )
    for column, cell in enumerate(cells, 1):
        fault = text.fault(cell) if UNDECODABLE in cell else None
        if fault:
            faults = {names[column - 1]: [fault.at(column)]}
            return Line(number, faults=faults)
    pairs = zip(names, cells, strict=True)
    fields = {name: _value(name, cell) for name, cell in pairs if cell}
    return Line(number, fields, locate=partial(_column, names))


def _column(names: Sequence[str], path: Path) -> int:
    return names.index(path[0]) + 1 if path and path[0] in names else 1


def _value(name: str, cell: str) -> Any:
    text = formulas.restore(cell)
    return text.split(",") if name == "tags" else text


CSV = Form("text/csv; charset=utf-8", _head, _write, _read)
