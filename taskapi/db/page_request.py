"""Which part of a list is asked for, in words that rules and HTTP share."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`limit` rows after `offset`, or after the row of a cursor: its value and id."""

    limit: int
    offset: int = 0
    after: tuple[Any, int] | None = None
    with_total: bool = False
