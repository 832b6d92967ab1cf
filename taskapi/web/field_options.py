"""Options of fields, and their metadata for the OpenAPI document."""

from collections.abc import Mapping
from enum import StrEnum
from inspect import cleandoc
from typing import NamedTuple, TypedDict


class Component(NamedTuple):
    """Metadata `component`: a schema of the OpenAPI document that fields share."""

    name: str
    description: str


def component_of(enum: type[StrEnum]) -> dict[str, Component]:
    """Return the metadata of a field whose values are those of an enum."""
    return {"component": Component(enum.__name__, cleandoc(enum.__doc__ or ""))}


class Options(TypedDict, total=False):
    """Options of a field that marshmallow defines."""

    required: bool
    allow_none: bool
    load_default: object
    load_only: bool
    dump_only: bool
    data_key: str
    attribute: str
    metadata: Mapping[str, object]


def documented(options: Options, **metadata: object) -> Options:
    """Add metadata to options; those of the caller take precedence."""
    return {**options, "metadata": {**metadata, **options.get("metadata", {})}}
