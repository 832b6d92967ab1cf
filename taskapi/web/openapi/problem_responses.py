"""Error responses of an operation: the problems that it can return, with examples."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from taskapi.typing import JsonObject
from taskapi.web.openapi.components import ProblemSchema
from taskapi.web.problem_types import PROBLEM_TYPES, example_of
from taskapi.web.problems import MEDIA_TYPE
from taskapi.web.schema import unknown_field

COMMON_HEADERS = ["X-Request-ID"]
RATE_LIMIT_HEADERS = ["RateLimit", "RateLimit-Policy"]
CREDENTIAL_PROBLEMS = [
    "token-missing",
    "token-invalid",
    "token-expired",
    "session-revoked",
    "api-key-invalid",
    "api-key-expired",
]
SHARED = {
    frozenset(["malformed-json"]): "BadRequest",
    frozenset(CREDENTIAL_PROBLEMS): "Unauthorized",
    frozenset(["not-found"]): "NotFound",
    frozenset(["precondition-failed"]): "PreconditionFailed",
    frozenset(["payload-too-large"]): "PayloadTooLarge",
    frozenset(["unsupported-media-type"]): "UnsupportedMediaType",
    frozenset(["precondition-required"]): "PreconditionRequired",
    frozenset(["rate-limited"]): "TooManyRequests",
    frozenset(["internal-error"]): "InternalError",
    frozenset(["service-unavailable"]): "ServiceUnavailable",
}
"""Responses that are equal in all operations with these problems, and their names."""

TEMPORARY = {"request-in-progress", "rate-limited", "service-unavailable"}
PATH_PARAMETER = re.compile("<[^>]+>")
EXAMPLE_ID = "7"

Problems = Mapping[str, Mapping[str, object]]
"""The codes of problems, and the members of their examples."""


def problem_responses(
    operation: dict[str, Any], problems: Problems, path: str
) -> JsonObject:
    """Return the response of each status: a component, or the problems with examples.

    The examples are of this operation.
    """
    instance = PATH_PARAMETER.sub(EXAMPLE_ID, path)
    common: JsonObject = {"instance": instance}
    typical = {"validation-error": {"errors": [_unknown_value(operation)]}}
    by_status: dict[int, dict[str, Any]] = {}
    for code, members in problems.items():
        shown = common | typical.get(code, {}) | dict(members)
        by_status.setdefault(PROBLEM_TYPES[code].status, {})[code] = shown
    return {
        str(status): SHARED.get(frozenset(found)) or _response(found)
        for status, found in by_status.items()
    }


def shared_responses() -> dict[str, dict[str, Any]]:
    """Return the components by name."""
    return {
        name: _response({code: {} for code in codes}) for codes, name in SHARED.items()
    }


def _response(problems: Problems) -> JsonObject:
    codes = [code for code in PROBLEM_TYPES if code in problems]
    shown = {
        code: {
            "summary": PROBLEM_TYPES[code].title,
            "value": example_of(code) | dict(problems[code]),
        }
        for code in codes
    }
    return {
        "description": " · ".join(f"`{code}`" for code in codes),
        "headers": _headers(PROBLEM_TYPES[codes[0]].status, set(codes)),
        "content": {MEDIA_TYPE: {"schema": ProblemSchema(), "examples": shown}},
    }


def _headers(status: int, codes: set[str]) -> dict[str, str]:
    is_challenge = status == HTTPStatus.UNAUTHORIZED or "insufficient-scope" in codes
    names = [
        *COMMON_HEADERS,
        *(RATE_LIMIT_HEADERS if status < HTTPStatus.INTERNAL_SERVER_ERROR else []),
        *(["WWW-Authenticate"] if is_challenge else []),
        *(["Retry-After"] if codes & TEMPORARY else []),
    ]
    return {name: name for name in names}


def _unknown_value(operation: dict[str, Any]) -> dict[str, str]:
    """Return the error of a misspelt field of the body, or of a query parameter."""
    queries = [p for p in operation.get("parameters", []) if p.get("in") == "query"]
    bodies = operation.get("requestBody", {}).get("content", {}).values()
    schemas = [part["schema"] for part in [*bodies, *queries]]
    fields = schemas[0].load_fields if schemas else {}
    known = [field.data_key or name for name, field in fields.items()]
    required = [field.data_key or n for n, field in fields.items() if field.required]
    name = [*required, *known, "verbose?"][0][:-1]
    error = unknown_field(name, sorted(known))
    location = {"pointer": f"#/{name}"} if bodies else {"parameter": name}
    hint = {"hint": error.hint} if error.hint else {}
    return location | {"code": error.code, "message": str(error)} | hint
