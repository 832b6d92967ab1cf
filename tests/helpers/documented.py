"""Comparison of error responses with the OpenAPI document."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from taskapi.web.problem_types import FIELD_ERROR_CODES

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
OF_ANY_REQUEST = {"bad-request", "payload-too-large", "internal-error"}
"""Problems that HTTP itself can cause; operations need not list them."""


@cache
def documented() -> dict[tuple[str, str], set[str]]:
    """Return the codes of each operation, by method and path."""
    document = json.loads(DOCUMENT.read_text())
    return {
        (method.upper(), path): set(problems(document, operation))
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def problems(document: Any, operation: Any) -> dict[str, Any]:
    """Return the examples of the problems of an operation, by code."""
    shared = document["components"]["responses"]
    responses = [
        shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
        for one in operation["responses"].values()
    ]
    return {
        code: example["value"]
        for response in responses
        for media in response.get("content", {}).values()
        for code, example in media.get("examples", {}).items()
    }


def check(app: Flask, method: str, response: TestResponse) -> None:
    """Assert that the operation documents the problem that it returned."""
    if response.mimetype != "application/problem+json" or method == "HEAD":
        return
    problem: Any = response.json
    operation = (method, _path(app, method, response.request.path))
    if operation in documented():
        assert problem["code"] in documented()[operation] | OF_ANY_REQUEST, operation
    codes = {error["code"] for error in problem.get("errors", [])}
    assert codes <= set(FIELD_ERROR_CODES), operation


def _path(app: Flask, method: str, path: str) -> str:
    """Return the documented path of a request, or an empty string."""
    try:
        rule, _ = app.url_map.bind("localhost").match(path, method, return_rule=True)
    except HTTPException:
        return ""
    return str(rule.rule).replace("<id:", "{").replace(">", "}")
