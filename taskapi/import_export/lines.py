"""Lines of import files: decoding, and the format-independent result of parsing."""

import codecs
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BufferedReader, TextIOWrapper
from typing import Any, NamedTuple

from marshmallow.fields import Field

from taskapi.errors import FieldError
from taskapi.typing import Fields, Path

MAX_LINE_LENGTH = 1024 * 1024
"""Characters of a line; the largest body of a request is no longer."""

UNDECODABLE = "\udcff"
"""Replaces bytes that are invalid in the encoding of the file."""

CHARSETS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    "iso-8859-1": "cp1252",  # as browsers decode it (WHATWG Encoding)
    "utf-16": "utf-16-le",  # as browsers decode it; Python requires a byte order mark
}
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
ENCODING_HINT = "Save the file as UTF-8, or declare its encoding, such as windows-1252."
UTF_16_WITHOUT_MARK = FieldError(
    "The file looks like UTF-16 without a byte order mark.", "characters", ENCODING_HINT
)
LINE_TOO_LONG = FieldError(
    f"The line is longer than {MAX_LINE_LENGTH:,} characters.", "length"
)

LineErrors = Mapping[Any, Sequence[str]]
"""Errors by field name; None stands for the whole line."""

Locate = Callable[[Path], int]
"""Returns the column of the value at a path: a character in JSON, a cell in CSV."""


def first_column(_path: Path) -> int:
    """Return 1, the column of errors that concern a whole line."""
    return 1


class ParsedLine(NamedTuple):
    """The values of a line, or the errors why it could not be parsed."""

    number: int
    values: object = None
    errors: LineErrors = {}
    locate: Locate = first_column


class ParsedTask(NamedTuple):
    """The validated fields of a task, and its place in the file."""

    line: int
    fields: Fields
    locate: Locate = first_column


def _replace_undecodable(error: UnicodeError) -> tuple[str, int]:
    return UNDECODABLE, error.end if isinstance(error, UnicodeDecodeError) else 0


codecs.register_error("mark", _replace_undecodable)


class TextLines:
    """The decoded lines of a file, each with its line end (LF, CRLF or CR).

    A byte order mark takes precedence over the declared encoding.
    """

    def __init__(self, source: Any, charset: str = "utf-8") -> None:
        self.source = source
        self.charset = charset

    def __iter__(self) -> Iterator[str]:
        buffered = BufferedReader(self.source)
        text = TextIOWrapper(buffered, self._encoding(buffered), "mark", newline="")
        try:
            while line := text.readline(MAX_LINE_LENGTH + 1):
                yield line
                while len(line) > MAX_LINE_LENGTH and not line.endswith(("\r", "\n")):
                    line = text.readline(MAX_LINE_LENGTH + 1)
        finally:
            # Otherwise the wrappers would close the source of the caller.
            text.detach()
            buffered.detach()

    def error_in(self, text: str) -> FieldError | None:
        """Return the error in the characters of a text, with its column."""
        if UNDECODABLE in text:
            message = f"The bytes here are not valid {self.charset}."
            column = text.index(UNDECODABLE) + 1
            return FieldError(message, "characters", ENCODING_HINT, column)
        return LINE_TOO_LONG if len(text) > MAX_LINE_LENGTH else None

    def _encoding(self, buffered: "BufferedReader[Any]") -> str:
        start = buffered.peek(4)[:4]
        marked = (e for mark, e in BYTE_ORDER_MARKS.items() if start.startswith(mark))
        return next(marked, CHARSETS[self.charset])


SchemaFields = Mapping[str, Field[Any]]
"""The fields that a file can have, which give the accepted names and their types."""


class Format(NamedTuple):
    """A file format."""

    media_type: str
    header: Callable[[Sequence[str]], str]
    """Returns the start of a file with fields of these names."""

    write: Callable[[Sequence[Fields]], str]
    """Returns the lines of some tasks, whose fields are in the order of the header."""

    parse: Callable[[TextLines, SchemaFields], Iterator[ParsedLine]]
    """Yields the lines of a file."""
