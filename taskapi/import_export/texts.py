"""The text of a file: its encoding, and its lines whatever ends them."""

import codecs
from collections.abc import Iterator
from io import BufferedReader, TextIOWrapper
from typing import Any

from taskapi.errors import FieldError

MAX_LINE = 1024 * 1024
"""Characters of a line; the largest body of a request is no longer."""

UNDECODABLE = "\udcff"
"""Stands in a decoded text for bytes that are not valid in its encoding."""

CHARSETS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    "iso-8859-1": "cp1252",  # as browsers read it (WHATWG Encoding)
    "utf-16": "utf-16-le",  # as browsers read it; Python requires a byte order mark
}
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
HINT = "Save the file as UTF-8, or declare its encoding, such as windows-1252."
UNMARKED = FieldError(
    "The file looks like UTF-16 without a byte order mark.", "characters", HINT
)
LONG = FieldError(f"The line is longer than {MAX_LINE:,} characters.", "length")


def _mark(error: UnicodeError) -> tuple[str, int]:
    return UNDECODABLE, error.end if isinstance(error, UnicodeDecodeError) else 0


codecs.register_error("mark", _mark)


class Text:
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
            while line := text.readline(MAX_LINE + 1):
                yield line
                while len(line) > MAX_LINE and not line.endswith(("\r", "\n")):
                    line = text.readline(MAX_LINE + 1)
        finally:
            text.detach()
            buffered.detach()

    def fault(self, line: str) -> FieldError | None:
        """Return what is wrong with the characters of a line, with its position."""
        if UNDECODABLE in line:
            sentence = f"The bytes here are not valid {self.charset}."
            return FieldError(sentence, "characters", HINT, line.index(UNDECODABLE) + 1)
        return LONG if len(line) > MAX_LINE else None

    def _encoding(self, buffered: "BufferedReader[Any]") -> str:
        head = buffered.peek(4)[:4]
        marked = (name for mark, name in MARKS.items() if head.startswith(mark))
        return next(marked, CHARSETS[self.charset])
