"""Shared components of the OpenAPI document: headers, parameters, problems."""

from collections.abc import Iterable
from typing import Any

from marshmallow import fields

from taskapi.typing import JsonObject
from taskapi.web.field_options import Component
from taskapi.web.fields import Count, Integer
from taskapi.web.problem_types import FIELD_ERROR_CODES, PROBLEM_TYPES
from taskapi.web.problems import MAX_FIELD_ERRORS
from taskapi.web.schema import Schema
from taskapi.web.validators import MAX_SHORT

MAX_POINTER = 3 * 1024 * 1024
"""An unknown name may be as long as a body, with each byte escaped."""

MAX_URL = 32 * 1024
MAX_MESSAGE = 1000
MAX_NAME = 100

# The documentation page lists them in this order.
SECURITY_SCHEMES: dict[str, JsonObject] = {
    "password": {
        "type": "oauth2",
        "description": "Log in by email or username. The tokens are JWTs, handled "
        "according to RFC8725.",
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
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of a login (a JWT, handled according to "
        "RFC8725), or an API key.",
    },
}


def _text(description: str, example: str, high: int, **more: str) -> JsonObject:
    schema = {"type": "string", "maxLength": high} | more
    return {"description": description, "schema": schema, "example": example}


HEADERS: dict[str, JsonObject] = {
    "ETag": _text('The version, as a validator (RFC 9110): `"3"`.', '"3"', 100),
    "Idempotency-Replayed": {
        "description": "`true` if this is a stored response.",
        "schema": {"type": "string", "enum": ["true"]},
        "example": "true",
    },
    "Link": _text(
        'The next page (RFC 8288): `<…>; rel="next"`.',
        '</api/v1/tasks?cursor=WzEyM10.c2lnbmVk>; rel="next"',
        MAX_URL,
    ),
    "Location": _text(
        "The URL of the new resource.",
        "/api/v1/tasks/7",
        MAX_NAME,
        format="uri-reference",
    ),
    "RateLimit": _text(
        "The remaining requests (`r`) and the seconds until the window ends (`t`); "
        "IETF draft httpapi-ratelimit-headers.",
        '"default";r=299;t=60',
        MAX_NAME,
    ),
    "RateLimit-Policy": _text(
        "The limit of requests (`q`) in a window of seconds (`w`).",
        '"default";q=300;w=60',
        MAX_NAME,
    ),
    "Retry-After": {
        "description": "Seconds to wait before the next attempt.",
        "schema": {
            "type": "integer",
            "format": "int32",
            "minimum": 1,
            "maximum": MAX_SHORT,
        },
        "example": 30,
    },
    "Server-Timing": _text(
        "The duration in milliseconds; only for authenticated callers.",
        "app;dur=1.4",
        MAX_NAME,
    ),
    "WWW-Authenticate": _text(
        "The required credentials (RFC 6750).",
        'Bearer realm="taskapi"',
        MAX_MESSAGE,
    ),
    "X-Request-ID": _text(
        "The request id of the client, or a new one; it is also in the log.",
        "5f3a0c9e7d2b4f61a8e0c4d9b7a6f512",
        64,
        pattern="^[A-Za-z0-9._-]+$",
    ),
}
PARAMETERS: dict[str, JsonObject] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A unique value for each request. A repetition within 24 hours "
        "returns the stored response and changes nothing.",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": 255,
            "pattern": "^[!-~]+$",
            "examples": ["6f1c2a0e-sow"],
        },
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "Update only if this is the current version, such as "
        '`"3"`, else 412.',
        "schema": {"type": "string", "examples": ['"3"']},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": 'Return 304 if this is the current version, such as `"3"`.',
        "schema": {"type": "string", "examples": ['"3"']},
    },
}


def text_field(
    high: int, *, required: bool = True, **metadata: object
) -> fields.String:
    """Return a response field for text of at most this length."""
    return fields.String(required=required, metadata={"maxLength": high} | metadata)


def position(description: str) -> Count:
    """Return a response field for a number from 1."""
    return Count(metadata={"minimum": 1, "description": description})


def open_enum(name: str, description: str, known: Iterable[str]) -> fields.String:
    """Return a response field for one of the known values, or of later ones.

    It has no `enum`, since generated clients reject the values that they do not know.
    """
    more = f"{description} Later versions may have more values than those listed."
    values = list(known)
    metadata: dict[str, Any] = {"x-extensible-enum": values, "examples": values[:1]}
    return text_field(MAX_NAME, component=Component(name, more), **metadata)


class FieldErrorSchema(Schema):
    """The error of one value, and its location."""

    is_input = True  # not every member is always present

    class Meta:
        unknown = "exclude"

    line = position("The line of a file; the pointer refers to this line.")
    column = position("The column in the line: a character, or a cell of CSV.")
    pointer = text_field(
        MAX_POINTER, required=False, description="JSON pointer into the body."
    )
    parameter = text_field(
        MAX_URL, required=False, description="Name of the query parameter."
    )
    code = open_enum("FieldErrorCode", "The reason of an error.", FIELD_ERROR_CODES)
    message = text_field(MAX_MESSAGE)
    hint = text_field(MAX_MESSAGE, required=False)


class ProblemSchema(Schema):
    """Problem details (RFC 9457); the last members belong to single problem types."""

    is_input = True  # not every member is always present

    class Meta:
        unknown = "exclude"

    type = text_field(MAX_NAME, format="uri-reference")
    title = text_field(MAX_NAME)
    status = Count(required=True, high=599, metadata={"minimum": 400})
    detail = text_field(MAX_MESSAGE)
    instance = text_field(MAX_URL, format="uri-reference")
    code = open_enum(
        "ProblemCode", "The problem type; the last part of `type`.", PROBLEM_TYPES
    )
    request_id = text_field(64)
    errors = fields.List(
        fields.Nested(FieldErrorSchema), metadata={"maxItems": MAX_FIELD_ERRORS}
    )
    field = text_field(
        MAX_NAME,
        required=False,
        description="With `already-exists`: the name of the field.",
    )
    required_scope = text_field(
        MAX_NAME,
        required=False,
        description="With `insufficient-scope`: the missing scope.",
    )
    required_role = text_field(
        MAX_NAME,
        required=False,
        description="With `role-required`: the role that you need in the project.",
    )
    project_ids = fields.List(
        Integer(low=1),
        metadata={
            "description": "With `last-owner`: the projects that would have no owner.",
            "maxItems": MAX_FIELD_ERRORS,
        },
    )
    existing_id = Integer(
        low=1,
        metadata={
            "description": "With `already-exists` for an `external_id`: the id of the "
            "task that has it."
        },
    )
    limit = position("With `limit-reached`: the maximum.")
    current_version = Integer(
        low=1,
        metadata={"description": "With `precondition-failed`: the current version."},
    )
    line = position("With `malformed-json`: the line.")
    column = position("With `malformed-json`: the column.")
    error = text_field(
        MAX_NAME,
        required=False,
        description="In responses to forms: the error code of OAuth 2.0.",
    )
