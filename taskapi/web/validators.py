"""Validators of fields: lengths, ranges and choices, whose errors state the rule."""

from collections.abc import Sized

from marshmallow import validate

from taskapi.errors import FieldError

MAX_ID = 2**63 - 1
"""The largest id, and the largest integer that both databases can store."""

MAX_SHORT = 2**31 - 1


class Length(validate.Length):
    """A length in characters or items."""

    def _format_error(self, value: Sized, message: str) -> str:
        unit = "characters" if isinstance(value, str) else "items"
        least = f"{self.min} to" if self.min else "at most"
        rule = self.error or f"Must have {least} {self.max:,} {unit}."
        return FieldError(rule, "length")


class Range(validate.Range):
    """A range of numbers."""

    def _format_error(self, value: object, message: str) -> str:
        to = "to 2^63-1" if self.max == MAX_ID else f"to {self.max:,}"
        return FieldError(f"Must be from {self.min} {to}.", "range")


class OneOf(validate.OneOf):
    """A choice; the error lists the accepted values."""

    def _format_error(self, value: object) -> str:
        return FieldError(f"Must be one of: {', '.join(self.choices)}.", "choice")
