"""Strict fields for JSON bodies: nothing is coerced, and each error has a code.

Lengths count characters. NUL and unpaired surrogates are rejected everywhere, since
PostgreSQL cannot store the one, and UTF-8 cannot encode the other.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar, Unpack

from marshmallow import ValidationError, fields

from taskapi.errors import FieldError
from taskapi.web.field_options import Options, component_of, documented
from taskapi.web.timestamps import (
    DAY,
    TIMESTAMP,
    TIMESTAMP_LENGTH,
    begins_with_missing_date,
    parse_date,
    parse_timestamp,
    rfc3339,
)
from taskapi.web.validators import MAX_ID, MAX_SHORT, Length, Range

MAX_SHRINKAGE = 4
"""A text this many times longer than its limit stays too long after cleaning."""

UNUSABLE = re.compile("[\0\ud800-\udfff]")
"""NUL, which PostgreSQL cannot store, and surrogates, which UTF-8 cannot encode."""

ANY_TEXT = r"^[^\u0000]*$"
ONE_LINE = r"^[^\u0000-\u001F\u007F-\u009F]*$"
CODES = {"type": "type", "invalid": "type", "unknown": "choice"}


Value = TypeVar("Value")
Row = TypeVar("Row")


class Coded(fields.Field[Any]):
    """The base of fields whose errors have a code and state the rule."""

    default_error_messages = {
        "required": "This field is required.",
        "null": "Must not be null.",
    }

    def make_error(self, key: str, **values: object) -> ValidationError:
        """Return marshmallow's error with a code."""
        error = super().make_error(key, **values)
        message, hint = str(error.messages[0]), self.hint(values.get("input"))
        return ValidationError(FieldError(message, CODES.get(key, key), hint))

    def hint(self, _value: object) -> str | None:
        """Return a hint for an invalid value."""
        return None


class Strict(Coded, Generic[Value]):
    """The base of fields that accept one type and convert no other to it."""

    @abstractmethod
    def parse(self, value: object) -> Value:
        """Return the value of the field. Raises ValidationError."""

    def _deserialize(self, value: object, *_args: object, **_kwargs: object) -> Value:
        return self.parse(value)


class Several(Coded, fields.List[object]):
    """A list; its length is checked before its items."""

    default_error_messages = {"invalid": "Must be a list."}

    def _deserialize(self, value: object, *args: Any, **kwargs: Any) -> list[object]:
        if isinstance(value, list):
            self._validate(value)
        return super()._deserialize(value, *args, **kwargs)


class Nested(Coded, fields.Nested):
    """An object of another schema."""


class Derived(fields.Field[Any], ABC, Generic[Row]):
    """A response field that is computed from the whole row."""

    @abstractmethod
    def derive(self, row: Row) -> object:
        """Return the value for the JSON encoder."""

    def get_value(self, obj: Row, *_args: object, **_kwargs: object) -> object:
        """Return the computed value."""
        return self.derive(obj)

    def _serialize(self, value: object, *_args: object, **_kwargs: object) -> Any:
        return value


class Text(Strict[str], fields.String):
    """A string that is trimmed and cleaned before its length is checked."""

    default_error_messages = {
        "invalid": "Must be a string.",
        "characters": "Must not contain NUL or unpaired surrogates.",
        "control": "Must not contain control characters.",
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
        rule: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        self.lines, self.trim, self.clean, self.pattern = lines, trim, clean, pattern
        shown = pattern or (ANY_TEXT if lines else ONE_LINE)
        self.rule = rule
        self.limits = Length(min=low or None, max=high, error=rule)
        super().__init__(validate=self.limits, **documented(options, pattern=shown))

    def parse(self, value: object) -> str:
        """Return the cleaned text."""
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if len(value) > (self.limits.max or 0) * MAX_SHRINKAGE:
            self.limits(value)  # Unicode normalization of 1 MiB can take minutes
        if UNUSABLE.search(value):
            raise self.make_error("characters")
        text = value.strip() if self.trim else value
        if not self.lines and not re.fullmatch(ONE_LINE, text):
            raise self.make_error("control")
        text = self.clean(text)
        if self.pattern and text and not re.search(self.pattern, text):
            raise ValidationError(FieldError(str(self.rule), "format"))
        return text


class Word(Coded, fields.String):
    """A string that is only compared with known values, so it needs no limits."""

    default_error_messages = {"invalid": "Must be a string."}


class Choice(Coded, fields.Enum[StrEnum]):
    """One of the values of an enum."""

    def __init__(self, enum: type[StrEnum], **options: Unpack[Options]) -> None:
        options = documented(options, **component_of(enum))
        super().__init__(enum, by_value=Word, **options)


class Flag(Strict[bool], fields.Boolean):
    """true or false; marshmallow also accepts "yes", 1 and others."""

    default_error_messages = {"invalid": "Must be true or false."}

    def parse(self, value: object) -> bool:
        """Return the boolean."""
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Integer(Strict[int], fields.Integer):
    """A 64-bit integer in JSON; marshmallow also accepts 1.0 and True."""

    default_error_messages = {"invalid": "Must be an integer."}

    def __init__(self, *, low: int = 0, **options: Unpack[Options]) -> None:
        limits = Range(low, MAX_ID)
        super().__init__(validate=limits, **documented(options, format="int64"))

    def parse(self, value: object) -> int:
        """Return the integer."""
        if type(value) is not int:
            raise self.make_error("invalid", input=value)
        return value


class Count(fields.Integer):
    """A number of things in a response."""

    def __init__(self, *, high: int = MAX_SHORT, **options: Unpack[Options]) -> None:
        limits = {"format": "int32", "minimum": 0, "maximum": high}
        super().__init__(**documented(options, **limits))


class Timestamp(Strict[date]):
    """An RFC 3339 timestamp with an offset, from 1970 to 9998 in UTC."""

    default_error_messages = {
        "invalid": "Must be an RFC 3339 timestamp with an offset, from 1970 to 9998.",
        "missing_date": "The date does not exist.",
    }

    def __init__(self, **options: Unpack[Options]) -> None:
        default = {
            "format": "date-time",
            "maxLength": TIMESTAMP_LENGTH,
            "pattern": f"^{TIMESTAMP}$",
        }
        super().__init__(**documented(options, **default))

    def _serialize(
        self, value: datetime | None, *_args: object, **_kwargs: object
    ) -> str | None:
        return None if value is None else rfc3339(value)

    def parse(self, value: object) -> date:
        """Return the timestamp in UTC."""
        timestamp = parse_timestamp(value)
        if timestamp is None:
            key = "missing_date" if begins_with_missing_date(value) else "invalid"
            message = str(self.error_messages[key])
            raise ValidationError(FieldError(message, "format", self.hint(value)))
        return timestamp


class DateOrTimestamp(Timestamp):
    """A timestamp, or a date (`YYYY-MM-DD`)."""

    default_error_messages = {
        "invalid": "Must be a date (YYYY-MM-DD) or an RFC 3339 timestamp with an "
        "offset, from 1970 to 9998.",
    }

    def __init__(self, **options: Unpack[Options]) -> None:
        default = {"format": "date-or-date-time", "pattern": f"^({DAY}|{TIMESTAMP})$"}
        super().__init__(**documented(options, **default))

    def parse(self, value: object) -> date:
        """Return the date, or the timestamp in UTC."""
        return parse_date(value) or super().parse(value)
