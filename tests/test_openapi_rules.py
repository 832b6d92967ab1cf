"""Rules that make the OpenAPI document usable for client generators."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.openapi_components import INPUTS, OUTPUTS, VALUES

DOCUMENT = json.loads((Path(__file__).parents[1] / "docs" / "openapi.json").read_text())
SCHEMAS = DOCUMENT["components"]["schemas"]
LIMITS = {"string": "maxLength", "integer": "maximum", "array": "maxItems"}
SAFE_INTEGER = 2**53 - 1
LENGTH_ONLY = {"^.*$", "^.+$", ".*", ".+"}


def nodes(part: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each object of the document below this part, with its path."""
    if isinstance(part, dict):
        yield path, part
    inner = part.items() if isinstance(part, dict) else enumerate(part)
    for name, value in inner:
        if isinstance(value, dict | list) and name not in {"example", "examples"}:
            yield from nodes(value, f"{path}/{name}")


def types_of(schema: Any) -> list[str]:
    types = schema.get("type", [])
    if isinstance(types, dict):  # a property of this name
        return []
    return [types] if isinstance(types, str) else types


def schemas() -> list[tuple[str, dict[str, Any]]]:
    """Return all schemas, with their paths."""
    return [(path, node) for path, node in nodes(DOCUMENT) if types_of(node)]


def test_enum_is_a_component() -> None:
    enums = [path for path, node in schemas() if len(node.get("enum", [])) > 1]

    inline = [path for path in enums if not path.startswith("#/components/schemas")]

    assert [path for path in inline if "/parameters/" not in path] == []


def test_equal_enums_are_one_component() -> None:
    enums = [node["enum"] for _, node in schemas() if len(node.get("enum", [])) > 1]

    assert [values for values in enums if enums.count(values) > 1] == []


def test_tags_refer_to_one_component() -> None:
    lists = [
        node["items"] for path, node in schemas() if path.endswith(("/tags", "/tag"))
    ]

    assert {one.get("$ref") for one in lists} == {"#/components/schemas/TagName"}


@pytest.mark.parametrize("name", ["FieldErrorCode", "ProblemCode"])
def test_error_code_is_an_open_enum(name: str) -> None:
    component = SCHEMAS[name]

    assert "enum" not in component
    assert len(component["x-extensible-enum"]) > 20


def test_component_has_one_direction() -> None:
    assert set(SCHEMAS) == INPUTS | OUTPUTS | VALUES
    assert not [path for path, node in schemas() if "writeOnly" in node]
    assert not [path for path, node in schemas() if "readOnly" in node]


def test_input_is_closed() -> None:
    opened = [n for n in INPUTS if SCHEMAS[n]["additionalProperties"] is not False]

    assert opened == []


def test_schema_has_at_most_one_type_besides_null() -> None:
    unions = [path for path, node in schemas() if len({*types_of(node)} - {"null"}) > 1]

    assert unions == []


def test_bound_is_exact_in_javascript() -> None:
    numbers = [
        (path, value)
        for path, node in nodes(DOCUMENT)
        for value in node.values()
        if isinstance(value, int)
    ]

    assert [one for one in numbers if abs(one[1]) > SAFE_INTEGER] == []


def test_pattern_does_not_restate_a_length() -> None:
    patterns = [
        (path, node["pattern"]) for path, node in schemas() if "pattern" in node
    ]

    assert [one for one in patterns if one[1] in LENGTH_ONLY] == []
    assert [
        one for one in patterns if "{1,255}$" in one[1] or "{1,64}$" in one[1]
    ] == []


def test_value_has_a_limit() -> None:
    unlimited = [
        path
        for path, node in schemas()
        for kind, limit in LIMITS.items()
        if kind in types_of(node) and not {limit, "enum"} & {*node}
        if node.get("format") not in {"int64", "binary"}
        if "/parameters/If" not in path
    ]

    assert unlimited == []
