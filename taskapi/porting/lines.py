"""The lines of a file, each with its number, whatever is wrong with some of them."""

import codecs
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

LONGEST = 256 * 1024
"""More bytes than the longest task has, escaped in every character."""


class Source(Protocol):
    """What is read line by line, such as a file of bytes."""

    def readline(self, size: int, /) -> bytes:
        """Return the next line, or so much of it."""


Faults = Mapping[Any, Any]
"""Faults by the name of the field, None for the whole line."""


class Line(NamedTuple):
    """What stands on a line, or why that cannot be read."""

    number: int
    fields: Any = None
    faults: Faults = {}


class Form(NamedTuple):
    """A kind of file: how it begins, how tasks are written and how they are read.

    All three are given the names of the fields.
    """

    media_type: str
    head: Callable[[Sequence[str]], str]
    write: Callable[[Sequence[Mapping[str, Any]]], str]
    read: Callable[[Source, Sequence[str]], Iterator[Line]]


def split(source: Source) -> Iterator[bytes]:
    """Yield the lines without a byte order mark, and not all of what is too long."""
    piece = source.readline(LONGEST + 1).removeprefix(codecs.BOM_UTF8)
    while piece:
        yield piece
        while is_long(piece) and not piece.endswith(b"\n"):
            piece = source.readline(LONGEST + 1)
        piece = source.readline(LONGEST + 1)


def is_long(piece: bytes) -> bool:
    """Tell whether a line is longer than any task."""
    return len(piece) > LONGEST
