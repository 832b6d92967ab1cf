"""Compiled `Schema.dump`: one serializer per field, chosen when the schema is built.

marshmallow asks each field for each value; without this module a list costs 86 % more
CPU and a read 10 % more. Plain values are passed on unchanged, and so are timestamps,
which the JSON encoder formats. All other fields serialize themselves.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from operator import attrgetter
from typing import Any

import marshmallow
from marshmallow import fields, missing

from taskapi.typing import Fields
from taskapi.web.fields import Choice, Count, Derived, Integer, Text, Timestamp

Getter = Callable[[Any, str, object], object]
"""A function like `getattr`, with a default."""

PADDING = ("__class__", "__class__")
"""Further attributes to read, since `attrgetter` of a single one returns no tuple."""

PLAIN_FIELDS = {
    fields.Boolean,
    fields.Enum,
    fields.Integer,
    fields.String,
    Choice,
    Count,
    Integer,
    Timestamp,
    Text,
}


class Serializer:
    """The compiled serializer of one schema."""

    def __init__(self, schema: marshmallow.Schema) -> None:
        named = [(f.data_key or n, n, f) for n, f in schema.dump_fields.items()]
        self.keys = [key for key, _, _ in named]
        self.plain = {
            key: f.attribute or n for key, n, f in named if type(f) in PLAIN_FIELDS
        }
        self.get_plain = attrgetter(*self.plain.values(), *PADDING)
        self.others = [
            (key, _compile(n, f)) for key, n, f in named if type(f) not in PLAIN_FIELDS
        ]

    def serialize(self, obj: object) -> Fields:
        """Serialize an object or a dictionary; members that it lacks are omitted."""
        get: Getter = dict.get if isinstance(obj, dict) else getattr
        members: Fields = dict.fromkeys(self.keys, missing)
        members.update(zip(self.plain, self._plain_values(obj, get), strict=False))
        for key, serialize_field in self.others:
            members[key] = serialize_field(obj, get)
        if missing in members.values():
            return {key: v for key, v in members.items() if v is not missing}
        return members

    def _plain_values(self, obj: object, get: Getter) -> Iterable[object]:
        if get is getattr:
            with suppress(AttributeError):
                return self.get_plain(obj)
        return [get(obj, name, missing) for name in self.plain.values()]


def _compile(name: str, field: fields.Field[Any]) -> Callable[[object, Getter], object]:
    attribute = field.attribute or name
    if type(field) is fields.List and isinstance(field.inner, fields.Nested):
        return lambda obj, get: _serialize_list(get(obj, attribute, missing), field)
    if isinstance(field, Derived):
        return lambda obj, _get: field.derive(obj)
    return lambda obj, get: field.serialize(name, obj, get)


def _serialize_list(values: Any, field: Any) -> Any:
    if values is missing:
        return values
    return list(map(field.inner.schema.serializer.serialize, values))
