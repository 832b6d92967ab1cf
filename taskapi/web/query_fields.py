"""Strict fields for query strings, where every value is text."""

import re
from enum import StrEnum
from typing import Any, ClassVar, Unpack

from marshmallow import fields
from webargs.fields import DelimitedList

from taskapi.web.field_options import Options, documented
from taskapi.web.fields import (
    Choice,
    Coded,
    DateOrTimestamp,
    Several,
    Strict,
    Timestamp,
)
from taskapi.web.validators import MAX_ID, MAX_SHORT, Length, Range


class Choices(Coded, DelimitedList):
    """A comma-separated list of values of an enum."""

    default_error_messages = {"invalid": "Must be a comma-separated list."}

    def __init__(self, enum: type[StrEnum], **options: Unpack[Options]) -> None:
        limits = Length(min=1, max=len(enum))
        super().__init__(Choice(enum), validate=limits, **options)


class Ids(Coded, DelimitedList):
    """A comma-separated list of ids."""

    default_error_messages = {"invalid": "Must be a comma-separated list."}

    def __init__(self, *, most: int, **options: Unpack[Options]) -> None:
        inner = QueryInteger(low=1, high=MAX_ID)
        super().__init__(inner, validate=Length(min=1, max=most), **options)


class Repeated(Several):
    """A query parameter that may occur several times."""

    def __init__(
        self, inner: fields.Field[Any], *, most: int, **options: Unpack[Options]
    ) -> None:
        super().__init__(inner, validate=Length(min=1, max=most), **options)


class QueryFlag(Strict[bool], fields.Boolean):
    """`true` or `false`; Python clients send `True` and `False`."""

    default_error_messages = {"invalid": "Must be true or false."}

    VALUES: ClassVar[dict[object, bool]] = {
        "true": True,
        "True": True,
        "false": False,
        "False": False,
    }

    def parse(self, value: object) -> bool:
        """Return the boolean."""
        if value not in self.VALUES:
            raise self.make_error("invalid", input=value)
        return self.VALUES[value]


class QueryInteger(Strict[int], fields.Integer):
    """An integer in ASCII digits, within a range."""

    default_error_messages = {"invalid": "Must be an integer."}

    def __init__(self, *, low: int, high: int, **options: Unpack[Options]) -> None:
        int_format = "int64" if high > MAX_SHORT else "int32"
        limits = Range(low, high)
        super().__init__(validate=limits, **documented(options, format=int_format))

    def parse(self, value: object) -> int:
        """Return the integer."""
        if not re.fullmatch(r"-?[0-9]{1,100}", str(value)):
            raise self.make_error("invalid", input=value)
        return int(str(value))


class QueryTimestamp(Timestamp):
    """A timestamp; an unescaped + arrives as a space."""

    def hint(self, value: object) -> str | None:
        """Return how to write the offset if the value contains a space."""
        return "Write + as %2B in a query." if " " in str(value) else None


class QueryDateOrTimestamp(DateOrTimestamp, QueryTimestamp):
    """A date or a timestamp."""
