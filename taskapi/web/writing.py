"""Answers: what marshmallow's `dump` gives, without asking each value what it is.

The way of each field is found once for a schema. Plain values go as they are; a field
without a short way serializes itself, so that any field works.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import marshmallow
from marshmallow import fields, missing

from taskapi.web.fields import Choice, Count, Integer, Moment, Text, rfc3339

Read = Callable[[Any, str, Any], Any]
"""Reads a member of an object, with what to return where it has none."""

PLAIN = {
    fields.Boolean,
    fields.Enum,
    fields.Integer,
    fields.String,
    Choice,
    Count,
    Integer,
    Text,
}


class Way(NamedTuple):
    """How a member of an answer comes from a member of an object."""

    key: str
    name: str
    write: Callable[[Any, Read], Any] | None


def ways(schema: marshmallow.Schema) -> list[Way]:
    """Return the ways of a schema's fields."""
    return [
        Way(field.data_key or name, field.attribute or name, _way(field, name))
        for name, field in schema.dump_fields.items()
    ]


def write(obj: Any, known: list[Way]) -> dict[str, Any]:
    """Return an object, or a dictionary, as an answer; what it has not is left out."""
    read: Read = dict.get if isinstance(obj, dict) else getattr
    answer = {}
    for key, name, convert in known:
        value = convert(obj, read) if convert else read(obj, name, missing)
        if value is not missing:
            answer[key] = value
    return answer


def _way(field: Any, name: str) -> Callable[[Any, Read], Any] | None:
    attribute = field.attribute or name
    if type(field) in PLAIN:
        return None
    if type(field) is Moment:
        return lambda obj, read: _moment(read(obj, attribute, missing))
    if type(field) is fields.List and isinstance(field.inner, fields.Nested):
        return lambda obj, read: _each(read(obj, attribute, missing), field.inner)
    return lambda obj, read: field.serialize(name, obj, read)


def _moment(value: Any) -> Any:
    return value if value is missing or value is None else rfc3339(value)


def _each(values: Any, inner: Any) -> Any:
    if values is missing:
        return values
    known = inner.schema.ways
    return [write(value, known) for value in values]
