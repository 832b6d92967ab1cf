"""Problems and parameters of operations in the OpenAPI document."""

import json
from pathlib import Path
from typing import Any

import pytest

from taskapi.web.problem_types import FIELD_ERROR_CODES, PROBLEM_TYPES
from tests.helpers.cli import run
from tests.helpers.client import Client
from tests.helpers.documented import documented, problems

DOCUMENT = json.loads((Path(__file__).parents[1] / "docs" / "openapi.json").read_text())
OPERATIONS: dict[str, tuple[str, str, Any]] = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}
PROBLEM = DOCUMENT["components"]["schemas"]["Problem"]
OF_ALL_PROBLEMS = set(PROBLEM["required"]) | {"errors"}
BELOW_OPERATIONS = {  # raised by HTTP before an operation is known
    "bad-request",
    "method-not-allowed",
    "uri-too-long",
    "expectation-failed",
    "headers-too-large",
    "not-implemented",
}
USES_MEMBER = {
    "already-exists": "field",
    "limit-reached": "limit",
    "precondition-failed": "current_version",
    "insufficient-scope": "required_scope",
    "role-required": "required_role",
    "last-owner": "project_ids",
    "malformed-json": "column",
    "validation-error": "errors",
    "parent-cycle": "errors",
    "parent-too-deep": "errors",
}


def examples(operation: str) -> dict[str, Any]:
    return problems(DOCUMENT, OPERATIONS[operation][2])


def inline_examples(operation: str) -> list[Any]:
    """Return the examples that are not those of shared responses."""
    return [
        example["value"]
        for response in OPERATIONS[operation][2]["responses"].values()
        for kind, media in response.get("content", {}).items()
        if kind == "application/problem+json"
        for example in media["examples"].values()
    ]


def filled(path: str) -> str:
    """Return a path with an id."""
    steps = ["7" if step.startswith("{") else step for step in path.split("/")]
    return "/".join(steps)


def request_of(operation: str, error: Any) -> dict[str, Any]:
    """Return a request with the misspelt name of the error in the example."""
    body = OPERATIONS[operation][2].get("requestBody", {}).get("content", {})
    if "parameter" in error:
        return {"query_string": {error["parameter"]: "1"}}
    kind, media = next(iter(body.items()))
    members = media["example"] | {error["pointer"].removeprefix("#/"): "1"}
    return {"json": members} if kind == "application/json" else {"data": members}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_example_of_a_problem_is_of_the_operation(operation: str) -> None:
    path = filled(OPERATIONS[operation][1])

    instances = {example["instance"] for example in inline_examples(operation)}

    assert instances <= {path}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_example_has_the_members_of_its_problem(operation: str) -> None:
    shown = examples(operation)

    missing = [code for code, m in USES_MEMBER.items() if m not in shown.get(code, {m})]

    assert missing == []


def test_extension_member_is_described() -> None:
    used = {
        member
        for operation in OPERATIONS
        for example in examples(operation).values()
        for member in set(example) - OF_ALL_PROBLEMS
    }
    described = {n for n, one in PROBLEM["properties"].items() if "description" in one}

    assert used >= {
        "existing_id",
        "current_version",
        "required_scope",
        "required_role",
        "project_ids",
        "field",
        "limit",
    }
    assert used <= described


def test_every_problem_of_an_operation_is_documented() -> None:
    found = set().union(*documented().values())

    assert found | BELOW_OPERATIONS == set(PROBLEM_TYPES)
    assert {"bad-request"} >= found & BELOW_OPERATIONS


def test_codes_of_the_document_are_those_of_the_service() -> None:
    schemas = DOCUMENT["components"]["schemas"]

    assert schemas["ProblemCode"]["x-extensible-enum"] == list(PROBLEM_TYPES)
    assert schemas["FieldErrorCode"]["x-extensible-enum"] == list(FIELD_ERROR_CODES)


def test_validation_example_is_what_the_service_returns(ann: Client) -> None:
    run(ann.app, "users", "promote", "ann@example.org")
    wrong = []

    for operation, (method, path, _) in OPERATIONS.items():
        example = examples(operation).get("validation-error", {"errors": []})
        for error in example["errors"]:
            request = request_of(operation, error)
            response = ann.call(method, filled(path), **request)
            if error not in (response.json or {}).get("errors", []):
                wrong.append((operation, error, response.text))

    assert wrong == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_public_operation_requires_no_credentials(operation: str) -> None:
    is_public = OPERATIONS[operation][2]["security"] == []
    codes = set(examples(operation))

    assert ("token-missing" in codes) != is_public
    assert ("session-required" in codes) <= ("insufficient-scope" not in codes)


FILES = {"export_tasks", "import_tasks"}
"""Operations of which a query parameter names a project."""


@pytest.mark.parametrize("operation", OPERATIONS)
def test_problem_depends_on_the_request(operation: str) -> None:
    _, path, described = OPERATIONS[operation]
    codes = set(examples(operation))
    parameters = {one.get("$ref", one.get("name")) for one in described["parameters"]}
    body = described.get("requestBody", {}).get("content", {})

    assert ("not-found" in codes) == ("{" in path or operation in FILES)
    assert ("malformed-json" in codes) == ("application/json" in body)
    assert ("unsupported-media-type" in codes) == bool(body)
    assert ("invalid-cursor" in codes) == ("cursor" in parameters)
    assert ("idempotency-key-reused" in codes) == (
        "#/components/parameters/IdempotencyKey" in parameters
    )
    has_version = "#/components/parameters/IfMatch" in parameters
    assert ("precondition-failed" in codes) == (has_version or "bulk" in operation)


def test_parameter_has_description_and_example() -> None:
    shared = DOCUMENT["components"]["parameters"]
    own = [
        one
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
        for one in (
            operation if isinstance(operation, list) else operation["parameters"]
        )
        if "$ref" not in one
    ]

    bare = [
        one["name"]
        for one in [*own, *shared.values()]
        if not one.get("description") or not one["schema"].get("examples")
    ]

    assert bare == []
