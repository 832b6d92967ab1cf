"""Examples of what goes in and out, made from what the fields say of themselves."""

from typing import Any, cast

from marshmallow import fields, missing

from taskapi.web.fields import Count, Timestamp
from taskapi.web.schema import Schema

TIMESTAMP = "2026-11-21T09:30:00Z"


def of(schema: Schema) -> dict[str, Any]:
    """Return an example of an input that is accepted, or of an answer."""
    if schema.is_input and schema.example:
        return schema.example
    members = schema.load_fields if schema.is_input else schema.dump_fields
    left_out = schema.without if schema.is_input else schema.optional
    return {
        field.data_key or name: _value(field, name)
        for name, field in members.items()
        if name not in left_out
    }


def _value(field: Any, name: str) -> Any:
    """Return what the field shows, else null, a default or something of its kind."""
    if "examples" in field.metadata:
        return field.metadata["examples"][0]
    if field.allow_none:
        return None
    usual = field.metadata.get("default", field.load_default)
    return _plain(field, name) if usual is missing else usual


def _plain(field: Any, name: str) -> Any:
    if isinstance(field, fields.Nested):
        return of(cast("Schema", field.schema))
    if isinstance(field, fields.List):
        return [_value(field.inner, name)]
    if isinstance(field, fields.Enum):
        members: Any = field.enum
        return next(iter(members)).value
    return _scalar(field, name)


def _scalar(field: Any, name: str) -> Any:
    chosen = [v.choices[0] for v in field.validators if hasattr(v, "choices")]
    if chosen:
        return chosen[0]
    kinds = {
        Timestamp: TIMESTAMP,
        fields.Boolean: True,
        Count: 3,
        fields.Integer: 1,
    }
    found = [value for kind, value in kinds.items() if isinstance(field, kind)]
    return found[0] if found else name.replace("_", " ")
