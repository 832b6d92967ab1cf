"""The base of all schemas, and how they appear in the OpenAPI document."""

import difflib
from functools import cached_property
from typing import Any, ClassVar

import marshmallow
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import RAISE, ValidationError
from marshmallow.exceptions import SCHEMA

from taskapi.errors import FieldError
from taskapi.web.fields import Timestamp
from taskapi.web.serializer import Writer

MAX_UNKNOWN_FIELDS = 50
"""How many unknown fields are told; each costs a search for the nearest name."""


READ_ONLY = "read_only"
"""The key of the read-only members of a change, in what `load` returns."""


class Schema(marshmallow.Schema):
    """The fields of requests and responses; unknown ones are rejected by name.

    One class serves response, creation and change: only responses have the `dump_only`
    fields, and `partial=True` makes every field optional. A change may have read-only
    members too, for `web.read_only` to compare.
    """

    class Meta:
        unknown = RAISE

    error_messages = {
        "type": FieldError("Must be a JSON object.", "type"),
    }
    is_input = False
    shape: ClassVar[dict[str, Any]] = {}
    """What JSON Schema can say of fields that depend on each other."""

    example: ClassVar[dict[str, Any] | None] = None
    """An input that works as it is, where the fields' own examples would not."""

    without: ClassVar[set[str]] = set()
    """What an input that works leaves out."""

    resource: ClassVar["type[Schema] | None"] = None
    """The schema of what a change is made to, if it is not the class itself."""

    optional: ClassVar[set[str]] = set()
    """What an answer has not always."""

    @cached_property
    def writer(self) -> Writer:
        """How an answer is written."""
        return Writer(self)

    def dump(self, obj: Any, **_options: Any) -> dict[str, Any]:
        """Write an answer; in JSON it equals what marshmallow writes."""
        return self.writer.write(obj)

    def load(self, data: Any, **options: Any) -> Any:
        """Read an input, with the read-only members of a change apart."""
        if not isinstance(data, dict) or not self.read_only.intersection(data):
            return super().load(data, **options)
        rest = {n: value for n, value in data.items() if n not in self.read_only}
        apart = {n: value for n, value in data.items() if n in self.read_only}
        return super().load(rest, **options) | {READ_ONLY: apart}

    @cached_property
    def read_only(self) -> frozenset[str]:
        """The names that a change may have although it cannot change them."""
        if not self.is_input or not (self.partial or self.resource):
            return frozenset()
        shown = (self.resource or type(self))().dump_fields
        changed = {field.data_key or name for name, field in self.load_fields.items()}
        return frozenset(shown) - changed

    def for_input(self) -> "Schema":
        """Return this schema without its read-only fields."""
        writable = [n for n, field in self.fields.items() if not field.dump_only]
        schema = type(self)(only=writable, partial=self.partial)
        schema.is_input = True
        return schema

    def __deepcopy__(self, _memo: object) -> "Schema":
        """Stay the same: flask-smorest copies all that it knows with each decorator."""
        return self

    def handle_error(
        self, error: ValidationError, data: Any, *, many: bool, **_options: Any
    ) -> None:
        """Say of an unknown field whether it is read-only, or which one is near.

        What is wrong with the whole goes to None, since a field may have any name.
        """
        faults: dict[Any, Any] = error.messages_dict
        whole = [f for f in faults.pop(SCHEMA, []) if isinstance(f, FieldError)]
        if whole:
            faults[None] = whole
        known = {field.data_key or name for name, field in self.load_fields.items()}
        strangers = sorted(set(data) - known) if isinstance(data, dict) else []
        for name in strangers:
            faults.pop(name, None)
        for name in strangers[:MAX_UNKNOWN_FIELDS]:
            faults[name] = [self._unknown(name, sorted(known))]

    def _unknown(self, name: str, known: list[str]) -> FieldError:
        if name in self.declared_fields and self.declared_fields[name].dump_only:
            return FieldError("This field is read-only.", "read-only", "Leave it out.")
        return unknown(name, known)


def unknown(name: str, known: list[str]) -> FieldError:
    """Return the refusal of an unknown name, with the nearest known one as hint."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else None
    return FieldError("Unknown field.", "unknown", hint)


def component_name(schema: Any) -> str:
    """Name the component of a schema: Task in answers, TaskInput and TaskPatch in."""
    instance = schema() if isinstance(schema, type) else schema
    name = type(instance).__name__.removesuffix("Schema")
    if instance.partial is True:
        return f"{name}Patch"
    read_only = any(field.dump_only for field in instance.declared_fields.values())
    return f"{name}Input" if instance.is_input and read_only else name


class Converter(OpenAPIConverter):
    """Describe answers as complete and open to new fields, inputs as closed."""

    field_mapping = OpenAPIConverter.field_mapping | {Timestamp: ("string", None)}

    def schema2jsonschema(self, schema: Any) -> dict[str, Any]:
        """Return the JSON Schema of a schema, for its direction."""
        described: dict[str, Any] = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]  # apispec's has no types
        fields = described["properties"]
        if schema.is_input:
            left = {n: _without(f, "default") for n, f in fields.items()}
            described["properties"] = left if schema.partial else fields
        else:
            described.pop("additionalProperties", None)
            described["properties"] = {
                name: _without(field, "readOnly", "pattern")
                for name, field in fields.items()
                if not field.get("writeOnly")
            }
            described["required"] = [
                name for name in described["properties"] if name not in schema.optional
            ]
        described.update(schema.shape)
        return described


def _without(described: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in described.items() if name not in names}


class Plugin(MarshmallowPlugin):
    """apispec's marshmallow plugin, with our names and our directions."""

    Converter = Converter

    def __init__(self) -> None:
        super().__init__(schema_name_resolver=component_name)
