"""Conversion of schemas and fields to JSON Schema, and the names of components."""

from typing import Any, cast

import marshmallow
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from apispec.utils import build_reference

from taskapi.typing import JsonObject
from taskapi.web import examples
from taskapi.web.field_options import Component
from taskapi.web.fields import Timestamp
from taskapi.web.schema import Schema
from taskapi.web.validators import MAX_ID

PER_FIELD = {"default", "deprecated", "description", "readOnly", "writeOnly"}
"""Keywords next to a reference to a component, since its fields differ in them."""


def component_name(schema: marshmallow.Schema | type[marshmallow.Schema]) -> str:
    """Return the OpenAPI name: Task for responses, TaskCreate and TaskUpdate for input.

    A schema without read-only fields, such as LoginRequest, is only for input and
    keeps its name.
    """
    instance = cast("Schema", schema() if isinstance(schema, type) else schema)
    name = type(instance).__name__.removesuffix("Schema")
    if instance.is_input and instance.input_name:
        return instance.input_name
    if instance.partial is True:
        return f"{name}Update"
    has_read_only = any(field.dump_only for field in instance.declared_fields.values())
    return f"{name}Create" if instance.is_input and has_read_only else name


class Converter(OpenAPIConverter):
    """Conversion to JSON Schema: closed for requests, open for responses.

    Responses list every field as required, and may get new fields in a later version.
    """

    field_mapping = OpenAPIConverter.field_mapping | {Timestamp: ("string", None)}

    def schema2jsonschema(self, schema: Any) -> dict[str, Any]:
        """Return the JSON Schema of a request or response body."""
        converted: dict[str, Any] = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]  # apispec has no types
        fields = converted["properties"]
        if schema.is_input:
            useless = {"writeOnly"} | ({"default"} if schema.partial else set())
            converted["properties"] = {
                n: _remove(f, useless) for n, f in fields.items()
            }
        else:
            converted.pop("additionalProperties", None)
            converted["properties"] = {
                name: _remove(field, {"readOnly", "pattern"})
                for name, field in fields.items()
                if not field.get("writeOnly")
            }
            converted["required"] = [
                name for name in converted["properties"] if name not in schema.optional
            ]
        converted.update(schema.json_schema)
        return converted

    def field2property(self, field: Any) -> dict[str, Any]:
        """Return the JSON Schema of a field: a reference if it has a component.

        Bounds of 64-bit integers are left out: JavaScript rounds them.
        """
        keywords: dict[str, Any] = super().field2property(field)
        if keywords.get("maximum") == MAX_ID:
            del keywords["maximum"]
        if "anyOf" in field.metadata:
            keywords = _remove(keywords, set(keywords) - PER_FIELD - {"anyOf"})
        component: Component | None = field.metadata.get("component")
        return self._shared(component, keywords) if component else keywords

    def _field2parameter(
        self, field: Any, *, name: str, location: str
    ) -> dict[str, Any]:
        """Return a parameter with an example.

        It is in the schema: Swagger UI would send an `example` of the parameter.
        """
        parameter: dict[str, Any] = super()._field2parameter(
            field, name=name, location=location
        )
        parameter["schema"].setdefault("examples", [examples.of_field(field, name)])
        return parameter

    def _shared(self, shared: Component, keywords: JsonObject) -> JsonObject:
        """Register the component of a field once, and return a reference to it."""
        components = self.spec.components
        if shared.name not in components.schemas:
            own = _remove(keywords, PER_FIELD) | {"description": shared.description}
            components.schema(shared.name, own)
        reference = build_reference("schema", self.openapi_version.major, shared.name)
        return reference | _remove(keywords, set(keywords) - PER_FIELD)


def _remove(keywords: JsonObject, names: set[str]) -> JsonObject:
    return {name: value for name, value in keywords.items() if name not in names}


class Plugin(MarshmallowPlugin):
    """apispec's marshmallow plugin with our converter and component names."""

    Converter = Converter

    def __init__(self) -> None:
        super().__init__(schema_name_resolver=component_name)
