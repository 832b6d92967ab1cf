"""Records of a CSV file, each with the number of its first line."""

import csv
import re
from collections.abc import Iterable, Iterator

from taskapi.errors import FieldError
from taskapi.import_export.formats import Line
from taskapi.import_export.texts import MAX_LINE, Text

OPEN = FieldError("The quote that begins this cell is not closed.", "malformed-csv")
STRAY = FieldError(
    "A quote stands where none may: put the whole cell in quotes, and double those "
    "inside it.",
    "malformed-csv",
)
LONG = FieldError(
    f"The cell is longer than {MAX_LINE:,} characters; perhaps a quote is not closed.",
    "length",
)

csv.field_size_limit(MAX_LINE)


class Records:
    """The lines of a file, and those of the record that is being read."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.lines = iter(text)
        self.number = 0
        self.record: list[str] = []

    def __iter__(self) -> "Records":
        return self

    def __next__(self) -> str:
        line = next(self.lines)
        self.number += 1
        self.record.append(line)
        return line

    def forget(self) -> None:
        """Begin a new record with the next line."""
        self.record.clear()

    def rows(self, lines: Iterable[str], separator: str) -> Iterator[Line]:
        """Yield the rows that are not blank; nothing after one that is malformed."""
        try:
            for cells in csv.reader(lines, delimiter=separator, strict=True):
                first = self.number - len(self.record) + 1
                self.forget()
                if any(cells):
                    yield Line(first, cells)
        except csv.Error:
            first = self.number - len(self.record) + 1
            yield Line(first, faults={None: [self._fault(separator)]})

    def _fault(self, separator: str) -> FieldError:
        """Return why the record is malformed, with the number of the cell.

        The csv module knows neither in a way that programs can rely on.
        """
        text, position, column = "".join(self.record), 0, 1
        end = rf"(?:{separator}|\r\n|\r|\n|\Z)"
        cell = re.compile(
            rf'(?:"[^"]*(?:""[^"]*)*"|(?!")[^{separator}\r\n]*){end}', re.DOTALL
        )
        while position < len(text) and (found := cell.match(text, position)):
            if len(found[0]) > MAX_LINE:
                return LONG.at(column)
            position, column = found.end(), column + 1
        if len(text) - position > MAX_LINE:
            return LONG.at(column)
        closed = re.compile(r'"[^"]*(?:""[^"]*)*"(?!")').match(text, position)
        return (STRAY if closed else OPEN).at(column)
