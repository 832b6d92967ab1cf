"""Records of CSV files, each with the number of its first line."""

import csv
import re
from collections.abc import Iterable, Iterator

from taskapi.errors import FieldError
from taskapi.import_export.lines import MAX_LINE_LENGTH, ParsedLine, TextLines

OPEN_QUOTE = FieldError(
    "The quote that begins this cell is not closed.", "malformed-csv"
)
STRAY_QUOTE = FieldError(
    "A quote is in the wrong place: enclose the whole cell in quotes, and double the "
    "quotes inside it.",
    "malformed-csv",
)
CELL_TOO_LONG = FieldError(
    f"The cell is longer than {MAX_LINE_LENGTH:,} characters; perhaps a quote is not "
    "closed.",
    "length",
)

csv.field_size_limit(MAX_LINE_LENGTH)


class Records:
    """The lines of a file, grouped into records, which may span several lines."""

    def __init__(self, text: TextLines) -> None:
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

    def end_record(self) -> None:
        """Begin a new record with the next line."""
        self.record.clear()

    def first_line(self) -> str:
        """Return the first line that is not blank, or "" at the end of the file."""
        for line in self:
            if line.strip():
                return line
            self.end_record()
        return ""

    def rows(self, lines: Iterable[str], separator: str) -> Iterator[ParsedLine]:
        """Yield the rows that are not blank, and stop after a malformed one."""
        try:
            for cells in csv.reader(lines, delimiter=separator, strict=True):
                first = self.number - len(self.record) + 1
                self.end_record()
                if any(cells):
                    yield ParsedLine(first, cells)
        except csv.Error:
            first = self.number - len(self.record) + 1
            yield ParsedLine(first, errors={None: [self._error(separator)]})

    def _error(self, separator: str) -> FieldError:
        """Return the reason why the record is malformed, with the number of the cell.

        The csv module reports the reason as English text only, and no cell.
        """
        text, position, column = "".join(self.record), 0, 1
        end = rf"(?:{separator}|\r\n|\r|\n|\Z)"
        cell = re.compile(
            rf'(?:"[^"]*(?:""[^"]*)*"|(?!")[^{separator}\r\n]*){end}', re.DOTALL
        )
        while position < len(text) and (match := cell.match(text, position)):
            if len(match[0]) > MAX_LINE_LENGTH:
                return CELL_TOO_LONG.at(column)
            position, column = match.end(), column + 1
        if len(text) - position > MAX_LINE_LENGTH:
            return CELL_TOO_LONG.at(column)
        is_closed = re.compile(r'"[^"]*(?:""[^"]*)*"(?!")').match(text, position)
        return (STRAY_QUOTE if is_closed else OPEN_QUOTE).at(column)
