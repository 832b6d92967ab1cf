"""Problems, headers and parameters of operations in the OpenAPI document.

Decorators `annotate` a view with what they add, and the Blueprint writes it into the
operation. Responses, headers and parameters are components with our own names.
"""

from collections.abc import Callable, Iterable
from typing import Any

from apispec import APISpec

from taskapi.web import examples
from taskapi.web.openapi.components import (
    HEADERS,
    PARAMETERS,
    SECURITY_SCHEMES,
    ProblemSchema,
)
from taskapi.web.problem_types import PROBLEM_TYPES, example_of
from taskapi.web.problems import MEDIA_TYPE

View = Callable[..., Any]
Decorator = Callable[[View], View]

RESPONSES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    412: "PreconditionFailed",
    413: "PayloadTooLarge",
    415: "UnsupportedMediaType",
    422: "UnprocessableContent",
    428: "PreconditionRequired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}
SERVER_ERROR = 500
COMMON_HEADERS = ["X-Request-ID"]
RATE_LIMIT_HEADERS = ["RateLimit", "RateLimit-Policy"]
STATUS_HEADERS = {
    401: ["WWW-Authenticate"],
    403: ["WWW-Authenticate"],
    409: ["Retry-After"],
    429: ["Retry-After"],
    503: ["Retry-After"],
}


def annotate(
    view: View,
    *,
    problems: Iterable[str] = (),
    parameters: Iterable[str] = (),
    headers: Iterable[str] = (),
    **values: Any,
) -> View:
    """Add component names and other values to the documentation of a view."""
    apidoc = getattr(view, "_apidoc", {})
    contract = dict(apidoc.get("contract", {}))
    for part, names in [
        ("problems", problems),
        ("parameters", parameters),
        ("headers", headers),
    ]:
        contract[part] = [*contract.get(part, []), *names]
    contract |= values
    view._apidoc = apidoc | {"contract": contract}  # type: ignore[attr-defined]  # noqa: SLF001 - smorest's place
    return view


def complete(operation: dict[str, Any], contract: dict[str, Any]) -> None:
    """Add problems, parameters and headers to an operation."""
    declared = operation.pop("responses", {}).items()
    responses = {str(status): one for status, one in declared if isinstance(one, dict)}
    if "IfNoneMatch" in contract.get("parameters", []):
        responses["304"] = {"description": "Not changed", "headers": {"ETag": "ETag"}}
    for status, response in responses.items():
        _complete_response(status, response, contract)
    statuses = {PROBLEM_TYPES[code].status for code in contract.get("problems", [])}
    problems = {str(status): RESPONSES[status] for status in statuses}
    operation["responses"] = dict(sorted((problems | responses).items()))
    operation.setdefault("parameters", []).extend(contract.get("parameters", []))


def add_components(spec: APISpec) -> None:
    """Register the components that operations refer to."""
    for name, scheme in SECURITY_SCHEMES.items():
        spec.components.security_scheme(name, scheme)
    for name, header in HEADERS.items():
        spec.components.header(name, header, lazy=True)
    for name, parameter in PARAMETERS.items():
        spec.components.parameter(name, parameter["in"], parameter, lazy=True)
    for status, name in RESPONSES.items():
        spec.components.response(name, _response(status), lazy=True)


def _complete_response(
    status: str, response: dict[str, Any], contract: dict[str, Any]
) -> None:
    """Add the headers and the example to a response that is not a problem."""
    for media in response.get("content", {}).values():
        if "example" not in media:
            media["example"] = examples.of(media["schema"])
    limited = RATE_LIMIT_HEADERS if contract["access"].limit else []
    named = contract.get("headers", []) if status.startswith("2") else []
    tagged = [name for name in named if (status, name) != ("204", "ETag")]
    headers = response.setdefault("headers", {})
    headers.update({name: name for name in [*tagged, *limited, *COMMON_HEADERS]})


def _response(status: int) -> dict[str, Any]:
    codes = [code for code, kind in PROBLEM_TYPES.items() if kind.status == status]
    shown = {
        code: {"summary": PROBLEM_TYPES[code].title, "value": example_of(code)}
        for code in codes
    }
    media = {"schema": ProblemSchema(), "examples": shown}
    names = [
        *COMMON_HEADERS,
        *(RATE_LIMIT_HEADERS if status < SERVER_ERROR else []),
        *STATUS_HEADERS.get(status, []),
    ]
    return {
        "description": " · ".join(f"`{code}`" for code in codes),
        "headers": {name: name for name in names},
        "content": {MEDIA_TYPE: media},
    }
