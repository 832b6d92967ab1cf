"""Tables in CSV (RFC 4180), which spreadsheets open without running what is in them.

A spreadsheet takes a cell that begins with one of `= + - @`, in full width too, a tab
or a line end for a formula. Such a text gets an apostrophe in front, as OWASP advises.
So does one that begins with apostrophes before such a sign: then taking one away always
restores what was there.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from io import StringIO
from typing import Any

from taskapi.errors import Fault
from taskapi.porting.lines import Faults, Form, Line, Source, split
from taskapi.web.moments import rfc3339
from taskapi.web.schema import MOST_STRANGERS, unknown

FORMULA = re.compile(r"'*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]")
ID = re.compile(r"[1-9][0-9]{0,18}")
UNREADABLE = Fault(
    "A quote is not closed, or stands where none may; nothing is read from here on.",
    "malformed-csv",
)
EMPTY = Fault("The first line must name the columns.", "required")
TWICE = Fault("This column is there twice.", "repeated")


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
    return f"'{text}" if FORMULA.match(text) else text


def _read(source: Source, known: Sequence[str]) -> Iterator[Line]:
    rows = _rows(source)
    head = next(rows, Line(1, faults={None: [EMPTY]}))
    if head.faults:
        yield head
        return
    names = [name.strip() for name in head.fields]
    faults = _strangers(names, known)
    if faults:
        yield Line(head.number, faults=faults)
        return
    for row in rows:
        yield row if row.faults else _task(row, names)


def _rows(source: Source) -> Iterator[Line]:
    """Yield the rows that are not blank, each with the number of its first line."""
    texts = (piece.decode(errors="surrogateescape") for piece in split(source))
    reader = csv.reader(texts, strict=True)
    number = 1
    try:
        for cells in reader:
            if any(cells):
                yield Line(number, cells)
            number = reader.line_num + 1
    except csv.Error:
        yield Line(number, faults={None: [UNREADABLE]})


def _strangers(names: Sequence[str], known: Sequence[str]) -> Faults:
    numbers = Counter(names)
    strange = [name for name in numbers if name not in known][:MOST_STRANGERS]
    twice = {name: [TWICE] for name in known if numbers[name] > 1}
    return twice | {name: [unknown(name, list(known))] for name in strange}


def _task(row: Line, names: Sequence[str]) -> Line:
    if len(row.fields) != len(names):
        sentence = f"{len(row.fields)} cells here, and {len(names)} columns."
        return Line(row.number, faults={None: [Fault(sentence, "length")]})
    cells = zip(names, row.fields, strict=True)
    return Line(row.number, {n: _value(n, cell) for n, cell in cells if cell})


def _value(name: str, cell: str) -> Any:
    """Return what JSON would have; what is no number stays text, to be refused."""
    if name in {"id", "parent_id"}:
        return int(cell) if ID.fullmatch(cell) else cell
    text = cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell
    return text.split(",") if name == "tags" else text


CSV = Form("text/csv; charset=utf-8", _head, _write, _read)
