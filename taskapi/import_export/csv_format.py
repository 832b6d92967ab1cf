"""CSV (RFC 4180), safe to open in spreadsheets.

Imports also accept semicolons or tabs as separators, and a first line `sep=;`.

Spreadsheets execute a cell as a formula if it begins with one of `= + - @`, also in
full width, a tab or a line end. Programs that separate cells by semicolons or tabs, or
ignore quotes, see such a beginning inside a text as well. Exports put an apostrophe
before each of these signs (OWASP, CSV injection). Where apostrophes precede it already,
one more is added, so that removing one always restores the text.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from io import StringIO
from itertools import chain
from typing import Any

from marshmallow.fields import Field, List

from taskapi.errors import FieldError
from taskapi.import_export.csv_records import Records
from taskapi.import_export.lines import (
    UNDECODABLE,
    UTF_16_WITHOUT_MARK,
    Format,
    LineErrors,
    ParsedLine,
    SchemaFields,
    TextLines,
)
from taskapi.typing import Fields, Path
from taskapi.web.fields import Flag, Integer
from taskapi.web.schema import MAX_UNKNOWN_FIELDS, unknown_field
from taskapi.web.timestamps import rfc3339

SEPARATORS = (",", ";", "\t")
SEP_LINE = re.compile(r'"?sep=(.?)"?\s*', re.IGNORECASE)
SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
FORMULA = re.compile(rf"(\A|[;\t\r\n])([ \xa0]*)(?='*[{SIGNS}])")
NEUTRALIZED = re.compile(rf"(\A|[;\t\r\n])([ \xa0]*)'(?='*[{SIGNS}])")
LEADING_WHITESPACE = re.compile(r"'*[\t\r\n]")
INTEGER = re.compile(r"(?a)[+-]?\d{1,19}")
FLAGS = {"true": True, "false": False}
NO_HEADER = FieldError("The first line must contain the column names.", "required")
DUPLICATE_COLUMN = FieldError("This column appears twice.", "repeated")
WRONG_SEPARATOR = FieldError(
    "The cells must be separated by commas, semicolons or tabs.",
    "malformed-csv",
    "Save the table as CSV again, or replace the separator.",
)


def _parse(text: TextLines, fields: SchemaFields) -> Iterator[ParsedLine]:
    records = Records(text)
    first = records.first_line()
    declared = SEP_LINE.fullmatch(first)
    if declared:
        records.end_record()
        if declared[1] not in SEPARATORS:
            yield ParsedLine(records.number, errors={None: [WRONG_SEPARATOR]})
            return
        rows = records.rows(records, declared[1])
    else:
        start = [first] if first else []
        rows = records.rows(chain(start, records), _separator(first, fields))
    yield from _parse_rows(text, rows, fields)


def _separator(header: str, fields: SchemaFields) -> str:
    """Return the separator that splits a header into the most known names."""

    def known_names(separator: str) -> int:
        names = {name.strip().strip('"').strip() for name in header.split(separator)}
        return len(names & {*fields})

    return max(SEPARATORS, key=known_names)


def _parse_rows(
    text: TextLines, rows: Iterator[ParsedLine], fields: SchemaFields
) -> Iterator[ParsedLine]:
    header = next(rows, ParsedLine(1, errors={None: [NO_HEADER]}))
    names = [name.strip() for name in _cells(header)]
    errors = header.errors or _header_errors(text, names, fields)
    if errors:
        yield ParsedLine(header.number, errors=errors)
        return
    for row in rows:
        yield row if row.errors else _parse_row(text, row, names, fields)


def _cells(row: ParsedLine) -> list[str]:
    return row.values if isinstance(row.values, list) else []


def _header_errors(
    text: TextLines, names: Sequence[str], fields: SchemaFields
) -> LineErrors:
    if "\0" in "".join(names[:1]):
        return {None: [UTF_16_WITHOUT_MARK]}
    for column, name in enumerate(names, 1):
        error = text.error_in(name)
        if error:
            return {None: [error.at(column)]}
    if _has_other_separator(names, fields):
        return {None: [WRONG_SEPARATOR]}
    return _name_errors(names, fields)


def _has_other_separator(names: Sequence[str], fields: SchemaFields) -> bool:
    parts = re.split(r"[^\w\s]+", names[0]) if len(names) == 1 else []
    return len(parts) > 1 and any(part.strip() in fields for part in parts)


def _name_errors(names: Sequence[str], fields: SchemaFields) -> LineErrors:
    errors: dict[str | None, list[str]] = {}
    known: set[str] = set()
    for column, name in enumerate(names, 1):
        if name in known:
            errors[name] = [DUPLICATE_COLUMN.at(column)]
        elif name in fields:
            known.add(name)
        elif name not in errors and len(errors) < MAX_UNKNOWN_FIELDS:
            errors[name] = [unknown_field(name, [*fields]).at(column)]
    return errors


def _parse_row(
    text: TextLines,
    row: ParsedLine,
    names: Sequence[str],
    fields: SchemaFields,
) -> ParsedLine:
    cells = _cells(row)
    if len(cells) != len(names):
        message = (
            f"This row has {len(cells)} cells, but there are {len(names)} columns."
        )
        column = min(len(cells), len(names)) + 1
        error = FieldError(message, "length", column=column)
        return ParsedLine(row.number, errors={None: [error]})
    for column, cell in enumerate(cells, 1):
        # Cells are no longer than csv.field_size_limit(); only their bytes may be bad.
        wrong = text.error_in(cell) if UNDECODABLE in cell else None
        if wrong:
            name = names[column - 1]
            return ParsedLine(row.number, errors={name: [wrong.at(column)]})
    values = {
        name: _parse_cell(fields[name], cell)
        for name, cell in zip(names, cells, strict=True)
        if cell
    }
    return ParsedLine(row.number, values, locate=partial(_column, names))


def _parse_cell(field: Field[Any], cell: str) -> object:
    """Return the value that JSON would have for a field of this type."""
    text = restore(cell)
    if isinstance(field, List):
        return text.split(",")
    if isinstance(field, Integer) and INTEGER.fullmatch(text):
        return int(text)
    return FLAGS.get(text, text) if isinstance(field, Flag) else text


def _column(names: Sequence[str], path: Path) -> int:
    return names.index(str(path[0])) + 1 if path and path[0] in names else 1


def neutralize(text: str) -> str:
    """Return the text with an apostrophe before each sign that begins a formula."""
    marked = FORMULA.sub(r"\1\2'", text)
    return f"'{marked}" if LEADING_WHITESPACE.match(text) else marked


def restore(cell: str) -> str:
    """Return the text that `neutralize` was called with."""
    is_marked = cell.startswith("'") and LEADING_WHITESPACE.match(cell)
    return NEUTRALIZED.sub(r"\1\2", cell[1:] if is_marked else cell)


def _header(names: Sequence[str]) -> str:
    return _table([names])


def _write(tasks: Sequence[Fields]) -> str:
    return _table([[_cell(value) for value in task.values()] for task in tasks])


def _table(rows: Sequence[Sequence[str]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return neutralize(",".join(value))
    return neutralize("" if value is None else str(value))


CSV = Format("text/csv; charset=utf-8", _header, _write, _parse)
