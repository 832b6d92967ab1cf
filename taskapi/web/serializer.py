"""Answers: what marshmallow's `dump` gives, without asking each value what it is.

How each field is written is found once for a schema. Plain values go as they are, and
so do moments, which the JSON encoder writes. A field without a short way serializes
itself, so that any field works.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from operator import attrgetter
from typing import Any

import marshmallow
from marshmallow import fields, missing

from taskapi.web.fields import Choice, Count, Derived, Integer, Text, Timestamp

Read = Callable[[Any, str, Any], Any]
"""Reads a member of an object, with what to return where it has none."""

AT_LEAST_TWO = ("__class__", "__class__")
"""Of several members an `attrgetter` returns a tuple, of one that alone."""

PLAIN = {
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


class Writer:
    """How a schema writes an answer."""

    def __init__(self, schema: marshmallow.Schema) -> None:
        named = [(f.data_key or n, n, f) for n, f in schema.dump_fields.items()]
        plain = [(key, f.attribute or n) for key, n, f in named if type(f) in PLAIN]
        self.keys = [key for key, _, _ in named]
        self.plain = dict(plain)
        self.read_plain = attrgetter(*self.plain.values(), *AT_LEAST_TWO)
        self.others = [(k, _way(n, f)) for k, n, f in named if type(f) not in PLAIN]

    def write(self, obj: Any) -> dict[str, Any]:
        """Return an object, or a dictionary, as an answer; leave out what it lacks."""
        read: Read = dict.get if isinstance(obj, dict) else getattr
        answer = dict.fromkeys(self.keys, missing)
        answer.update(zip(self.plain, self._read_plain(obj, read), strict=False))
        for key, convert in self.others:
            answer[key] = convert(obj, read)
        if missing in answer.values():
            return {key: v for key, v in answer.items() if v is not missing}
        return answer

    def _read_plain(self, obj: Any, read: Read) -> Iterable[Any]:
        if read is getattr:
            with suppress(AttributeError):
                return self.read_plain(obj)
        return [read(obj, name, missing) for name in self.plain.values()]


def _way(name: str, field: Any) -> Callable[[Any, Read], Any]:
    attribute = field.attribute or name
    if type(field) is fields.List and isinstance(field.inner, fields.Nested):
        return lambda obj, read: _each(read(obj, attribute, missing), field.inner)
    if isinstance(field, Derived):
        return lambda obj, _read: field.derive(obj)
    return lambda obj, read: field.serialize(name, obj, read)


def _each(values: Any, inner: Any) -> Any:
    return values if values is missing else list(map(inner.schema.writer.write, values))
