"""What every operation of the OpenAPI document says, beyond its schemas.

Decorators `annotate` a view with what they do; the Blueprint turns that into the
operation. Responses, headers and parameters are components with names of our own.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

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

View = TypeVar("View", bound=Callable[..., Any])

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
SERVER_FAULT = 500
ALWAYS = ["X-Request-ID"]
LIMITED = ["RateLimit", "RateLimit-Policy"]
OWN = {
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
    **facts: Any,
) -> View:
    """Add to what the document says of a view: names of our components, and facts."""
    known = getattr(view, "_apidoc", {})
    contract = dict(known.get("contract", {}))
    for part, names in [
        ("problems", problems),
        ("parameters", parameters),
        ("headers", headers),
    ]:
        contract[part] = [*contract.get(part, []), *names]
    contract |= facts
    view._apidoc = known | {"contract": contract}  # type: ignore[attr-defined]  # noqa: SLF001 - smorest's place
    return view


def complete(operation: dict[str, Any], contract: dict[str, Any]) -> None:
    """Write an operation's refusals, parameters, headers and links into it."""
    said = operation.pop("responses", {}).items()
    answers = {str(status): one for status, one in said if isinstance(one, dict)}
    if "IfNoneMatch" in contract.get("parameters", []):
        answers["304"] = {"description": "Not changed", "headers": {"ETag": "ETag"}}
    for status, answer in answers.items():
        _complete_answer(status, answer, contract)
    refused = {PROBLEM_TYPES[code].status for code in contract.get("problems", [])}
    refusals = {str(status): RESPONSES[status] for status in refused}
    operation["responses"] = dict(sorted((refusals | answers).items()))
    operation.setdefault("parameters", []).extend(contract.get("parameters", []))


def add_components(spec: APISpec) -> None:
    """Register the components that operations name."""
    for name, scheme in SECURITY_SCHEMES.items():
        spec.components.security_scheme(name, scheme)
    for name, header in HEADERS.items():
        spec.components.header(name, header, lazy=True)
    for name, parameter in PARAMETERS.items():
        spec.components.parameter(name, parameter["in"], parameter, lazy=True)
    for status, name in RESPONSES.items():
        spec.components.response(name, _response(status), lazy=True)


def _complete_answer(
    status: str, answer: dict[str, Any], contract: dict[str, Any]
) -> None:
    """Add the headers, the example and the links of an answer that is no problem."""
    for media in answer.get("content", {}).values():
        if "example" not in media:
            media["example"] = examples.of(media["schema"])
    limited = LIMITED if contract["access"].limit else []
    named = contract.get("headers", []) if status.startswith("2") else []
    tagged = [name for name in named if (status, name) != ("204", "ETag")]
    headers = answer.setdefault("headers", {})
    headers.update({name: name for name in [*tagged, *limited, *ALWAYS]})


def _response(status: int) -> dict[str, Any]:
    codes = [code for code, kind in PROBLEM_TYPES.items() if kind.status == status]
    shown = {
        code: {"summary": PROBLEM_TYPES[code].title, "value": example_of(code)}
        for code in codes
    }
    media = {"schema": ProblemSchema(), "examples": shown}
    names = [*ALWAYS, *(LIMITED if status < SERVER_FAULT else []), *OWN.get(status, [])]
    return {
        "description": " · ".join(f"`{code}`" for code in codes),
        "headers": {name: name for name in names},
        "content": {MEDIA_TYPE: media},
    }
