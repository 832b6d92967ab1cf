"""The base class of all schemas, and the compiled form of its `dump`."""

import difflib
from collections.abc import Callable
from functools import cached_property
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, ClassVar

import marshmallow
from marshmallow import RAISE, ValidationError, fields, missing
from marshmallow.exceptions import SCHEMA

from taskapi.errors import FieldError
from taskapi.typing import Fields, JsonObject
from taskapi.web.fields import Choice, Count, Derived, Integer, Text, Timestamp

MAX_UNKNOWN_FIELDS = 50
"""The number of unknown fields reported; each costs a search for a similar name."""

READ_ONLY = "read_only"
"""The key of the read-only members of an update in the result of `load`."""


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


class Serializers:
    """The fields of one schema by the way in which `dump` reads them, chosen once.

    marshmallow asks each field for each value: without this class a list costs 86 %
    more CPU and a read 10 % more. Plain values are passed on unchanged, and so are
    timestamps, which the JSON encoder formats. Other fields serialize themselves.
    """

    def __init__(self, schema: marshmallow.Schema) -> None:
        named = [(f.data_key or n, n, f) for n, f in schema.dump_fields.items()]
        self.keys = [key for key, _, _ in named]
        self.plain = {
            key: f.attribute or n for key, n, f in named if type(f) in PLAIN_FIELDS
        }
        self.get_plain = attrgetter(*self.plain.values(), *PADDING)
        self.derived = [
            (key, f.derive) for key, _, f in named if isinstance(f, Derived)
        ]
        self.others = [
            (key, _compile(n, f))
            for key, n, f in named
            if type(f) not in PLAIN_FIELDS and not isinstance(f, Derived)
        ]


def _compile(name: str, field: Any) -> Callable[[object], object]:
    attribute = field.attribute or name

    def serialize_list(obj: object) -> object:
        values: Any = getattr(obj, attribute, missing)
        if values is missing:
            return missing
        return list(map(field.inner.schema.dump, values))

    if type(field) is fields.List and isinstance(field.inner, fields.Nested):
        return serialize_list
    return lambda obj: field.serialize(name, obj, getattr)


class Schema(marshmallow.Schema):
    """The fields of requests and responses; unknown fields are rejected.

    One class serves responses, creation and updates: only responses have `dump_only`
    fields, and `partial=True` makes every field optional. An update may contain
    read-only members, which `web.conditional` compares with the resource.
    """

    class Meta:
        unknown = RAISE

    error_messages = {
        "type": FieldError("Must be a JSON object.", "type"),
    }
    is_input = False
    input_name: ClassVar[str | None] = None
    """The OpenAPI name of the request body, if it cannot be derived from the class."""

    json_schema: ClassVar[JsonObject] = {}
    """JSON Schema keywords for fields that depend on each other."""

    example: ClassVar[JsonObject | None] = None
    """A valid request body, where the examples of the fields would not form one."""

    example_omits: ClassVar[set[str]] = set()
    """Fields that a valid request body omits."""

    resource: ClassVar["type[Schema] | None"] = None
    """The schema of the updated resource, if it is not this class."""

    optional: ClassVar[set[str]] = set()
    """Fields that responses may omit."""

    @cached_property
    def serializers(self) -> Serializers:
        """The compiled fields of `dump`."""
        return Serializers(self)

    def dump(self, obj: object, **_options: object) -> Fields:
        """Serialize an object or a dictionary; members that it lacks are omitted.

        The JSON equals that of marshmallow's `dump`.
        """
        if isinstance(obj, dict):
            obj = SimpleNamespace(**obj)
        own = self.serializers
        members: Fields = dict.fromkeys(own.keys, missing)
        try:
            plain = own.get_plain(obj)
        except AttributeError:
            plain = tuple(getattr(obj, n, missing) for n in own.plain.values())
        members.update(zip(own.plain, plain, strict=False))
        for key, derive in own.derived:
            members[key] = derive(obj)
        for key, serialize in own.others:
            members[key] = serialize(obj)
        if missing in members.values():
            return {key: v for key, v in members.items() if v is not missing}
        return members

    def load(self, data: Any, **options: Any) -> Any:
        """Validate a body; read-only members of an update are returned separately."""
        if not isinstance(data, dict) or not self.read_only.intersection(data):
            return super().load(data, **options)
        writable = {n: value for n, value in data.items() if n not in self.read_only}
        read_only = {n: value for n, value in data.items() if n in self.read_only}
        return super().load(writable, **options) | {READ_ONLY: read_only}

    @cached_property
    def read_only(self) -> frozenset[str]:
        """The names of members that an update may contain but cannot change."""
        if not self.is_input or not (self.partial or self.resource):
            return frozenset()
        shown = (self.resource or type(self))().dump_fields
        changed = {field.data_key or name for name, field in self.load_fields.items()}
        return frozenset(shown) - changed

    def for_input(self) -> "Schema":
        """Return a copy for request bodies, without the read-only fields."""
        writable = [n for n, field in self.fields.items() if not field.dump_only]
        schema = type(self)(only=writable, partial=self.partial)
        schema.is_input = True
        return schema

    def __deepcopy__(self, _memo: object) -> "Schema":
        """Return self: flask-smorest deep-copies schemas in each decorator.

        A copy would lose `is_input` and the compiled fields.
        """
        return self

    def handle_error(
        self, error: ValidationError, data: object, *, many: bool, **_options: object
    ) -> None:
        """Replace the errors of unknown fields by helpful ones, up to a maximum.

        Errors of the whole object move to the key None, since a field may have any
        name.
        """
        errors: dict[Any, list[FieldError]] = error.messages_dict
        of_object = [e for e in errors.pop(SCHEMA, []) if isinstance(e, FieldError)]
        if of_object:
            errors[None] = of_object
        known = {field.data_key or name for name, field in self.load_fields.items()}
        unknown = sorted(set(data) - known) if isinstance(data, dict) else []
        for name in unknown:
            errors.pop(name, None)
        for name in unknown[:MAX_UNKNOWN_FIELDS]:
            errors[name] = [self._unknown_field(name, sorted(known))]

    def _unknown_field(self, name: str, known: list[str]) -> FieldError:
        if name in self.declared_fields and self.declared_fields[name].dump_only:
            return FieldError("This field is read-only.", "read-only", "Omit it.")
        return unknown_field(name, known)


def unknown_field(name: str, known: list[str]) -> FieldError:
    """Return the error of an unknown name, with the most similar known one as hint."""
    similar = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {similar[0]}?" if similar else None
    return FieldError("Unknown field.", "unknown", hint)
