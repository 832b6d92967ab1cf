"""Examples of requests and responses, generated from the examples of fields."""

from typing import Any, cast

from marshmallow import fields, missing
from marshmallow.fields import Field

from taskapi.typing import JsonObject
from taskapi.web.fields import Count, Timestamp
from taskapi.web.schema import Schema

TIMESTAMP = "2026-11-21T09:30:00Z"


def of(schema: Schema) -> JsonObject:
    """Return an example of a valid request body, or of a response."""
    if schema.is_input and schema.example:
        return schema.example
    members = schema.load_fields if schema.is_input else schema.dump_fields
    omitted = schema.example_omits if schema.is_input else schema.optional
    return {
        field.data_key or name: _value(field, name)
        for name, field in members.items()
        if name not in omitted
    }


def of_field(field: Field[Any], name: str) -> object:
    """Return an example of the value of a field."""
    return _value(field, name)


def _value(field: Field[Any], name: str) -> object:
    """Return the example of a field, null, its default, or a value of its type."""
    if "examples" in field.metadata:
        return field.metadata["examples"][0]
    if field.allow_none:
        return None
    default = field.metadata.get("default", field.load_default)
    return _value_of_type(field, name) if default is missing else default


def _value_of_type(field: Field[Any], name: str) -> object:
    if isinstance(field, fields.Nested):
        return of(cast("Schema", field.schema))
    if isinstance(field, fields.List):
        return [_value(field.inner, name)]
    if isinstance(field, fields.Enum):
        members: Any = field.enum
        return next(iter(members)).value
    return _scalar(field, name)


def _scalar(field: Field[Any], name: str) -> object:
    choices = [v.choices[0] for v in field.validators if hasattr(v, "choices")]
    if choices:
        return choices[0]
    examples = {
        Timestamp: TIMESTAMP,
        fields.Boolean: True,
        Count: 3,
        fields.Integer: 1,
    }
    found = [value for kind, value in examples.items() if isinstance(field, kind)]
    return found[0] if found else name.replace("_", " ")
