"""Strict fields: nothing is coerced, and each refusal carries a code.

Lengths count characters. NUL and lone surrogates are refused everywhere, since no
database and no UTF-8 document can keep them.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate
from webargs.fields import DelimitedList

from taskapi.errors import FieldError
from taskapi.web.timestamps import (
    DAY,
    TIMESTAMP,
    TIMESTAMP_LENGTH,
    parse_date,
    parse_timestamp,
    rfc3339,
)

MAX_ID = 2**63 - 1
"""The largest id, and the largest integer that both databases keep."""

MAX_SHORT = 2**31 - 1

MAX_SHRINKAGE = 4
"""A text that is longer than this times its limit stays too long when it is cleaned."""

ANY_TEXT = r"^[^\u0000]*$"
ONE_LINE = r"^[^\u0000-\u001F\u007F-\u009F]*$"
CODES = {"type": "type", "invalid": "type", "unknown": "choice"}


class Coded(fields.Field[Any]):
    """Give the refusals of a marshmallow field a code."""

    def make_error(self, key: str, **values: Any) -> ValidationError:
        """Return the field's own message as a fault."""
        error = super().make_error(key, **values)
        return ValidationError(FieldError(str(error.messages[0]), CODES.get(key, key)))


class Length(validate.Length):
    """A length in characters or items."""

    def _format_error(self, value: Any, message: str) -> str:
        return FieldError(super()._format_error(value, message), "length")


class Range(validate.Range):
    """A range of numbers."""

    def _format_error(self, value: Any, message: str) -> str:
        return FieldError(super()._format_error(value, message), "range")


class OneOf(validate.OneOf):
    """A choice; the refusal names what may be chosen."""

    def _format_error(self, value: Any) -> str:
        return FieldError(f"Must be one of: {', '.join(self.choices)}.", "choice")


class Several(Coded, fields.List[Any]):
    """A list of values, which are looked at if it is not too long."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list):
            self._validate(value)
        return super()._deserialize(value, *args, **kwargs)


class Nested(Coded, fields.Nested):
    """An object of another schema."""


class Derived(fields.Field[Any], ABC):
    """A field that is answered from the whole object."""

    @abstractmethod
    def derive(self, obj: Any) -> Any:
        """Return what the answer holds; the encoder writes moments."""

    def get_value(self, obj: Any, *_args: Any, **_kwargs: Any) -> Any:
        """Read nothing but what `derive` does."""
        return self.derive(obj)

    def _serialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        return value


class Text(Coded, fields.String):
    """A string, trimmed and cleaned as asked before its length is measured."""

    default_error_messages = {
        "characters": "NUL and unpaired surrogates are not text.",
        "control": "Control characters are not accepted here.",
        "format": "Does not look right here; see the format in the documentation.",
    }

    def __init__(  # noqa: PLR0913 - keyword-only limits of one text
        self,
        *,
        low: int = 0,
        high: int,
        lines: bool = False,
        trim: bool = True,
        clean: Callable[[str], str] = str,
        pattern: str | None = None,
        **options: Any,
    ) -> None:
        self.lines, self.trim, self.clean, self.pattern = lines, trim, clean, pattern
        shape = {"pattern": pattern or (ANY_TEXT if lines else ONE_LINE)}
        metadata = shape | options.pop("metadata", {})
        self.limits = Length(min=low or None, max=high)
        super().__init__(validate=self.limits, metadata=metadata, **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, *args, **kwargs)
        if len(text) > (self.limits.max or 0) * MAX_SHRINKAGE:
            self.limits(text)  # cleaning a long text may take minutes
        if "\0" in text or not _encodes(text):
            raise self.make_error("characters")
        text = text.strip() if self.trim else text
        if not self.lines and not re.fullmatch(ONE_LINE, text):
            raise self.make_error("control")
        text = self.clean(text)
        if self.pattern and text and not re.search(self.pattern, text):
            raise self.make_error("format")
        return text


class Word(Coded, fields.String):
    """A string that one of our own is compared with."""


class Choice(Coded, fields.Enum[Any]):
    """One of an enum's values."""

    def __init__(self, kind: type[StrEnum], **options: Any) -> None:
        super().__init__(kind, by_value=Word, **options)


class Choices(Coded, DelimitedList):
    """A comma-separated list of an enum's values."""

    def __init__(self, kind: type[StrEnum], **options: Any) -> None:
        limits = Length(min=1, max=len(kind))
        super().__init__(Choice(kind), validate=limits, **options)


class Flag(Coded, fields.Boolean):
    """JSON's true or false, and nothing that resembles them."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class QueryFlag(Coded, fields.Boolean):
    """`true` or `false` in a query; Python clients send `True` and `False`."""

    VALUES: ClassVar[dict[str, bool]] = {
        "true": True,
        "True": True,
        "false": False,
        "False": False,
    }

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if value not in self.VALUES:
            raise self.make_error("invalid", input=value)
        return self.VALUES[value]


class QueryInteger(Coded, fields.Integer):
    """Decimal ASCII digits in a query, within a range."""

    def __init__(self, *, low: int, high: int, **options: Any) -> None:
        wide = "int64" if high > MAX_SHORT else "int32"
        metadata = {"format": wide} | options.pop("metadata", {})
        super().__init__(validate=Range(low, high), metadata=metadata, **options)

    def _validated(self, value: Any) -> int:
        if not re.fullmatch(r"-?[0-9]{1,19}", str(value)):
            raise self.make_error("invalid", input=value)
        return int(value)


class Ids(Coded, DelimitedList):
    """A comma-separated list of ids."""

    def __init__(self, *, most: int, **options: Any) -> None:
        inner = QueryInteger(low=1, high=MAX_ID)
        super().__init__(inner, validate=Length(min=1, max=most), **options)


class Repeated(Several):
    """A query parameter that may come several times."""

    def __init__(self, inner: Any, *, most: int, **options: Any) -> None:
        super().__init__(inner, validate=Length(min=1, max=most), **options)


class Integer(Coded, fields.Integer):
    """A 64-bit integer in JSON."""

    def __init__(self, *, low: int = 0, **options: Any) -> None:
        metadata = {"format": "int64"} | options.pop("metadata", {})
        super().__init__(
            strict=True, validate=Range(low, MAX_ID), metadata=metadata, **options
        )

    def _validated(self, value: Any) -> int:
        if type(value) is not int:
            raise self.make_error("invalid", input=value)
        return value


class Count(fields.Integer):
    """A number of things, in an answer."""

    def __init__(self, *, high: int = MAX_ID, **options: Any) -> None:
        wide = "int64" if high > MAX_SHORT else "int32"
        limits = {"format": wide, "minimum": 0, "maximum": high}
        super().__init__(metadata=limits | options.pop("metadata", {}), **options)


class Timestamp(Coded):
    """An RFC 3339 date-time with offset, 1970 to 9998 once it is in UTC."""

    default_error_messages = {
        "invalid": "Not an RFC 3339 date-time with offset, 1970 to 9998.",
    }

    def __init__(self, **options: Any) -> None:
        shape = {
            "format": "date-time",
            "maxLength": TIMESTAMP_LENGTH,
            "pattern": f"^{TIMESTAMP}$",
        }
        super().__init__(metadata=shape | options.pop("metadata", {}), **options)

    def _serialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str | None:
        return None if value is None else rfc3339(value)

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> datetime:
        moment = parse_timestamp(value)
        if moment is None:
            sentence = str(self.error_messages["invalid"])
            raise ValidationError(FieldError(sentence, "format", self.hint(value)))
        return moment

    def hint(self, _value: object) -> str | None:
        """Return what often helps with such a value."""
        return None


class QueryTimestamp(Timestamp):
    """A moment in a query, where a bare + arrives as a space."""

    def hint(self, value: object) -> str | None:
        """Explain the space."""
        return "Write + as %2B in a query." if " " in str(value) else None


class DateOrTimestamp(Timestamp):
    """A moment, or a bare day (`YYYY-MM-DD`)."""

    default_error_messages = {
        "invalid": "Neither YYYY-MM-DD nor an RFC 3339 date-time with offset, "
        "1970 to 9998.",
    }

    def __init__(self, **options: Any) -> None:
        shape = {"format": "date-or-date-time", "pattern": f"^({DAY}|{TIMESTAMP})$"}
        super().__init__(metadata=shape | options.pop("metadata", {}), **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return parse_date(value) or super()._deserialize(value, *args, **kwargs)


class QueryDateOrTimestamp(DateOrTimestamp, QueryTimestamp):
    """A timestamp or a date in a query."""


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
