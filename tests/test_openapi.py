"""The OpenAPI document: valid, correct, and equal in every process."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate

from config import Environment
from tests.helpers.client import API, Client
from tests.helpers.concurrency import run_concurrently
from tests.openapi_components import INPUTS, OTHERS, OUTPUTS, VALUES
from tests.permissions import PRIVATE, PUBLIC

COMMITTED = Path(__file__).parents[1] / "docs" / "openapi.json"
CONVERTER = re.compile(r"<(id:)?")


@pytest.fixture(scope="module")
def served(make_app: Callable[..., Flask]) -> Flask:
    """Return an app whose document is read."""
    return make_app()


@pytest.fixture(scope="module")
def document(served: Flask) -> Any:
    """Return the served document."""
    return Client(served).get("/openapi.json").json


def operations(document: Any) -> dict[str, Any]:
    """Return the operations by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def routes(app: Flask) -> dict[str, str]:
    """Return the name of the function behind each method and path."""
    return {
        f"{method} {CONVERTER.sub('{', rule.rule).replace('>', '}')}": rule.endpoint
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def expected_id(route: str, endpoint: str) -> str:
    """Return the operation id; PUT shares the function of PATCH."""
    name = endpoint.rpartition(".")[2]
    return name.replace("update_", "replace_") if route.startswith("PUT") else name


def public(document: Any) -> set[str]:
    found = operations(document).items()
    return {route for route, operation in found if operation.get("security") == []}


def inputs(document: Any) -> Iterator[tuple[str, bool, Any]]:
    """Return for each JSON or form body whether it is required, and its schema."""
    for route, operation in operations(document).items():
        body = operation.get("requestBody")
        for media in body["content"].values() if body else ():
            name = media["schema"].get("$ref", "").rpartition("/")[2]
            if not name:  # a file
                continue
            yield route, body["required"], document["components"]["schemas"][name]


def properties(document: Any, ending: str = "") -> dict[str, Any]:
    """Return the properties of all schemas by name of schema and property."""
    return {
        f"{schema}.{name}": described
        for schema, parts in document["components"]["schemas"].items()
        for name, described in parts.get("properties", {}).items()
        if schema.endswith(ending)
    }


def test_document_is_valid_openapi(document: Any) -> None:
    validate(document)

    assert document["openapi"].startswith("3.1.")


def test_public_operations_equal_the_permissions(served: Flask, document: Any) -> None:
    undocumented = set(routes(served)) - set(operations(document))

    assert public(document) | undocumented == set(PUBLIC)
    assert set(operations(document)) - public(document) == set(PRIVATE)


def test_operation_id_is_name_of_the_view(served: Flask, document: Any) -> None:
    functions = routes(served)

    found = {
        route: operation["operationId"]
        for route, operation in operations(document).items()
    }

    assert found == {route: expected_id(route, functions[route]) for route in found}
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize(
    "part", ["summary", "description", "tags", "responses", "operationId"]
)
def test_operation_is_described(document: Any, part: str) -> None:
    missing = [
        r for r, operation in operations(document).items() if not operation[part]
    ]

    assert missing == []


def test_summary_is_a_title(document: Any) -> None:
    summaries = {one["summary"] for one in operations(document).values()}

    assert [text for text in summaries if text.endswith(".") or "\n" in text] == []


@pytest.mark.parametrize("status", ["401", "403", "422", "503"])
def test_private_operation_documents_common_errors(document: Any, status: str) -> None:
    found = operations(document)

    missing = [route for route in PRIVATE if status not in found[route]["responses"]]

    assert missing == []


def test_security_schemes_are_described(document: Any) -> None:
    schemes = document["components"]["securitySchemes"]

    flow = schemes["password"]["flows"]["password"]
    assert (schemes["bearer"]["type"], schemes["bearer"]["scheme"]) == (
        "http",
        "bearer",
    )
    assert schemes["password"]["type"] == "oauth2"
    assert flow["tokenUrl"] == flow["refreshUrl"] == f"{API}/auth/token"
    assert schemes["apiKey"]["name"] == "X-API-Key"
    assert document["security"] == [{"bearer": []}, {"password": []}]


def test_components_have_the_expected_names(document: Any) -> None:
    components = document["components"]

    missing = {part: names - set(components[part]) for part, names in OTHERS.items()}

    assert set(components["schemas"]) >= INPUTS | OUTPUTS | VALUES
    assert missing == {part: set() for part in OTHERS}


def test_committed_document_is_current(document: Any) -> None:
    committed = json.loads(COMMITTED.read_text())

    assert committed == document, "docs/openapi.json is stale: run `make openapi`"


def test_document_is_built_on_first_request(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app()
    api = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]

    undocumented = len(api.undocumented)
    served = Client(app).get("/openapi.json").json

    assert undocumented == len(served["tags"])


def test_concurrent_requests_get_the_complete_document(
    make_app: Callable[..., Flask], document: Any
) -> None:
    app = make_app()

    documents = run_concurrently(*[lambda: Client(app).get("/openapi.json").json] * 4)

    assert documents == [document] * 4


@pytest.mark.parametrize("response", ["TooManyRequests", "ServiceUnavailable"])
def test_temporary_error_documents_retry_after(document: Any, response: str) -> None:
    described = document["components"]["responses"][response]

    assert "Retry-After" in described.get("headers", {})


def test_property_has_a_type(document: Any) -> None:
    typed = {"type", "$ref", "anyOf"}

    untyped = [name for name, one in properties(document).items() if not typed & {*one}]

    assert untyped == []


def test_update_schema_has_no_defaults(document: Any) -> None:
    changes = properties(document, ending="Update")

    assert [name for name, one in changes.items() if "default" in one] == []


@pytest.mark.parametrize("schema", ["Task", "User", "TaskPage", "TokenResponse"])
def test_response_schema_requires_all_properties(document: Any, schema: str) -> None:
    described = document["components"]["schemas"][schema]

    hidden = [n for n, one in described["properties"].items() if one.get("writeOnly")]

    assert hidden == []
    assert described["required"] == list(described["properties"])


@pytest.mark.parametrize("schema", sorted(OUTPUTS))
def test_response_schema_is_open(document: Any, schema: str) -> None:
    described = document["components"]["schemas"][schema]

    assert "additionalProperties" not in described


def test_password_length_is_documented(document: Any) -> None:
    described = properties(document)["UserCreate.password"]

    assert (described["minLength"], described["maxLength"]) == (8, 128)


def test_field_error_requires_code_and_message(document: Any) -> None:
    field_error = document["components"]["schemas"]["FieldError"]

    assert set(field_error["required"]) == {"code", "message"}


def test_body_is_required_if_a_field_is(document: Any) -> None:
    wrong = [
        route
        for route, required, schema in inputs(document)
        if required != bool(schema.get("required"))
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("settings", "server"),
    [
        (
            {"environment": Environment.DEVELOPMENT, "port": 8123},
            "http://127.0.0.1:8123",
        ),
        ({"environment": Environment.DEVELOPMENT, "host": "::1"}, "http://[::1]:8000"),
        ({"environment": Environment.PRODUCTION}, "/"),
        ({"public_url": "https://tasks.example.org"}, "https://tasks.example.org"),
    ],
    ids=["development", "ipv6", "production", "public"],
)
def test_server_is_absolute_where_the_settings_name_it(
    make_app: Callable[..., Flask], settings: dict[str, Any], server: str
) -> None:
    client = Client(make_app(**settings))

    found = client.get("/openapi.json", headers={"Host": "attacker.example"})

    assert found.json["servers"] == [{"url": server}]


def test_document_is_equal_in_every_process(
    served: Flask, make_app: Callable[..., Flask]
) -> None:
    first, second = Client(served).get("/openapi.json"), Client(served)

    again = second.get("/openapi.json")
    elsewhere = Client(make_app()).get("/openapi.json")

    assert first.data == again.data == elsewhere.data
    assert first.headers["ETag"] == again.headers["ETag"] == elsewhere.headers["ETag"]
