"""Examples, headers and limits in the committed OpenAPI document."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

DOCUMENT = json.loads((Path(__file__).parents[1] / "docs" / "openapi.json").read_text())
OPERATIONS = [
    operation
    for item in DOCUMENT["paths"].values()
    for method, operation in item.items()
    if method != "parameters"
]
COMPONENTS = {"components": DOCUMENT["components"]}


def types_of(schema: Any) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else types


def lacks(response: Any, header: str) -> bool:
    return header not in response.get("headers", {})


def examples() -> Iterator[tuple[Any, Any]]:
    """Yield the schema and the example of each body, and those of each problem."""
    shared = DOCUMENT["components"]["responses"].values()
    for operation in OPERATIONS:
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for media in contents(bodies):
            yield from shown(media)
    for media in contents(shared):
        yield from shown(media)


def shown(media: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the schema with the example, or with each of several."""
    several = [one["value"] for one in media.get("examples", {}).values()]
    for example in several or [media["example"]]:
        yield media["schema"], example


def properties() -> dict[str, Any]:
    """Return the properties of all schemas by name of schema and property."""
    return {
        f"{schema}.{name}": described
        for schema, parts in DOCUMENT["components"]["schemas"].items()
        for name, described in parts.get("properties", {}).items()
    }


def contents(bodies: Iterable[Any]) -> list[Any]:
    return [media for one in bodies for media in one.get("content", {}).values()]


def test_example_matches_its_schema() -> None:
    found = list(examples())

    wrong = [
        (example, error.message)
        for schema, example in found
        for error in Draft202012Validator(schema | COMPONENTS).iter_errors(example)
    ]

    assert wrong == []
    assert len(found) >= 150


@pytest.mark.parametrize(
    "header", ["X-Request-ID", "RateLimit", "RateLimit-Policy"], ids=str
)
def test_rate_limited_operation_documents_its_headers(header: str) -> None:
    counted = [one for one in OPERATIONS if "429" in one["responses"]]

    responses = [response for one in counted for response in one["responses"].items()]
    missing = [one for status, one in responses if status < "4" and lacks(one, header)]

    assert missing == []
