"""What every operation of the OpenAPI document says, beyond its schemas.

Decorators `annotate` a view with what they do; the Blueprint turns that into the
operation. Responses, headers and parameters are components with names of our own.
"""

from collections.abc import Callable, Iterable
from copy import deepcopy
from http import HTTPStatus
from typing import Any, TypeVar

from apispec import APISpec
from marshmallow import fields

from taskapi.web.catalogue import CATALOGUE
from taskapi.web.fields import Integer
from taskapi.web.problems import MEDIA_TYPE
from taskapi.web.schema import Schema

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
SECURITY_SCHEMES: dict[str, dict[str, Any]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of a login.",
    },
    "password": {
        "type": "oauth2",
        "description": "Log in by email or username; leave the client fields empty.",
        "flows": {
            "password": {
                "tokenUrl": "/api/v1/auth/token",
                "refreshUrl": "/api/v1/auth/token",
                "scopes": {},
            }
        },
    },
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "An API key, `tsk_…`; also accepted as bearer token.",
    },
}
HEADERS = {
    "ETag": 'The version, as a strong validator (RFC 9110): `"3"`.',
    "Idempotency-Replayed": "`true` when this answers a repetition.",
    "Link": 'The next page (RFC 8288): `<…>; rel="next"`.',
    "Location": "Where the new resource is.",
    "Retry-After": "Seconds to wait before the next try.",
    "Server-Timing": "How many milliseconds the answer took, to callers who are known: "
    "`app;dur=1.4`.",
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Any text of your own, new for each request: a repetition "
        "within 24 hours is answered as the first was, and changes nothing.",
        "schema": {"type": "string", "maxLength": 255, "pattern": "^[!-~]{1,255}$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "Write only if the version is still this one, such as "
        '`"3"`, else 412.',
        "schema": {"type": "string"},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": 'Answer 304 if the version is still this one, such as `"3"`.',
        "schema": {"type": "string"},
    },
}


class FaultSchema(Schema):
    """One value that was refused: where it is, and why."""

    is_input = True  # described as declared: not every member is always there

    class Meta:
        unknown = "exclude"

    pointer = fields.String(metadata={"description": "JSON pointer into the body."})
    parameter = fields.String(metadata={"description": "Name of the query parameter."})
    code = fields.String(required=True)
    message = fields.String(required=True)
    hint = fields.String()


class ProblemSchema(Schema):
    """Problem details (RFC 9457); some kinds have further members."""

    is_input = True  # likewise

    class Meta:
        unknown = "exclude"

    type = fields.String(required=True, metadata={"format": "uri-reference"})
    title = fields.String(required=True)
    status = Integer(required=True, low=400)
    detail = fields.String(required=True)
    instance = fields.String(required=True, metadata={"format": "uri-reference"})
    code = fields.String(
        required=True, metadata={"description": "Stable; the last part of `type`."}
    )
    request_id = fields.String(required=True)
    errors = fields.List(fields.Nested(FaultSchema))


def annotate(
    view: View,
    *,
    problems: Iterable[str] = (),
    parameters: Iterable[str] = (),
    headers: Iterable[str] = (),
    **facts: Any,
) -> View:
    """Add to what the document says of a view: names of our components, and facts."""
    documentation = deepcopy(getattr(view, "_apidoc", {}))
    contract = documentation.setdefault("contract", {})
    for part, names in [
        ("problems", problems),
        ("parameters", parameters),
        ("headers", headers),
    ]:
        contract[part] = [*contract.get(part, []), *names]
    contract |= facts
    view._apidoc = documentation  # type: ignore[attr-defined]  # noqa: SLF001 - smorest's place
    return view


def complete(operation: dict[str, Any], contract: dict[str, Any]) -> None:
    """Write an operation's refusals, parameters, headers and links into it."""
    responses = operation.setdefault("responses", {})
    for status, response in responses.items():
        if str(status) in {"200", "201"}:
            named = {name: name for name in contract.get("headers", [])}
            response.setdefault("headers", {}).update(named)
        if "links" in contract and str(status).startswith("2"):
            response["links"] = contract["links"]
    for code in contract.get("problems", []):
        status = CATALOGUE[code].status
        responses.setdefault(str(status), RESPONSES[status])
    if "IfNoneMatch" in contract.get("parameters", []):
        responses["304"] = {
            "description": "Not changed",
            "headers": {"ETag": "ETag"},
        }
    operation.setdefault("parameters", []).extend(contract.get("parameters", []))


def add_components(spec: APISpec) -> None:
    """Register the components that operations name."""
    for name, scheme in SECURITY_SCHEMES.items():
        spec.components.security_scheme(name, scheme)
    for name, text in HEADERS.items():
        header = {"description": text, "schema": {"type": "string"}}
        spec.components.header(name, header, lazy=True)
    for name, parameter in PARAMETERS.items():
        spec.components.parameter(name, parameter["in"], parameter, lazy=True)
    for status, name in RESPONSES.items():
        spec.components.response(name, _response(status), lazy=True)


def _response(status: int) -> dict[str, Any]:
    kinds = {code: kind for code, kind in CATALOGUE.items() if kind.status == status}
    titles = " · ".join(f"`{code}`" for code in kinds)
    examples = {code: {"value": _example(code)} for code in kinds}
    media = {"schema": ProblemSchema(), "examples": examples}
    described = {"description": titles, "content": {MEDIA_TYPE: media}}
    later = status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
    waits = {"headers": {"Retry-After": "Retry-After"}} if later else {}
    return described | waits


def _example(code: str) -> dict[str, Any]:
    kind = CATALOGUE[code]
    return {
        "type": f"/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.meaning,
        "instance": "/api/v1/tasks/7",
        "code": code,
        "request_id": "5f3a0c9e7d2b4f61a8e0c4d9b7a6f512",
    }
