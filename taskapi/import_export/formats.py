"""The lines of a file, each with its number, whatever is wrong with some of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from taskapi.import_export.texts import Text

Faults = Mapping[Any, Any]
"""Errors by the name of the field, None for the whole line."""

Path = tuple[str, ...]
Locate = Callable[[Path], int]
"""Returns the column of the value at a path: a character in JSON, a cell in CSV."""


def at_start(_path: Path) -> int:
    """Return the first column, for errors of a whole line."""
    return 1


class Line(NamedTuple):
    """The values of a line, or the reasons why they cannot be read."""

    number: int
    fields: Any = None
    faults: Faults = {}
    locate: Locate = at_start


class Form(NamedTuple):
    """A file format: how it begins, how tasks are written and how they are read.

    All three are given the names of the fields.
    """

    media_type: str
    head: Callable[[Sequence[str]], str]
    write: Callable[[Sequence[Mapping[str, Any]]], str]
    read: Callable[[Text, Sequence[str]], Iterator[Line]]
