"""The parts of the OpenAPI document that operations share, in our own words."""

from typing import Any

from marshmallow import fields

from taskapi.web.fields import MAX_SHORT, Integer
from taskapi.web.problems import MAX_FIELD_ERRORS
from taskapi.web.schema import Schema

LONGEST_POINTER = 3 * 1024 * 1024
"""Of an unknown name, which may be as long as a body, each byte escaped."""

LONGEST_ADDRESS = 32 * 1024
LONGEST_SENTENCE = 1000
LONGEST_NAME = 100

SECURITY_SCHEMES: dict[str, dict[str, Any]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of a login (a JWT, handled as RFC8725 asks), "
        "or an API key.",
    },
    "password": {
        "type": "oauth2",
        "description": "Log in by email or username; leave the client fields empty. "
        "The tokens are JWTs, handled as RFC8725 asks.",
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


def _text(description: str, example: str, high: int, **more: Any) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": high} | more
    return {"description": description, "schema": schema, "example": example}


HEADERS: dict[str, dict[str, Any]] = {
    "ETag": _text('The version, as a validator (RFC 9110): `"3"`.', '"3"', 100),
    "Idempotency-Replayed": {
        "description": "`true` when this answers a repetition.",
        "schema": {"type": "string", "enum": ["true"]},
        "example": "true",
    },
    "Link": _text(
        'The next page (RFC 8288): `<…>; rel="next"`.',
        '</api/v1/tasks?cursor=WzEyM10.c2lnbmVk>; rel="next"',
        LONGEST_ADDRESS,
    ),
    "Location": _text(
        "Where the new resource is.",
        "/api/v1/tasks/7",
        LONGEST_NAME,
        format="uri-reference",
    ),
    "RateLimit": _text(
        "How many requests are left (`r`), and in how many seconds the window ends "
        "(`t`); IETF draft httpapi-ratelimit-headers.",
        '"default";r=299;t=60',
        LONGEST_NAME,
    ),
    "RateLimit-Policy": _text(
        "How many requests (`q`) there may be in how many seconds (`w`).",
        '"default";q=300;w=60',
        LONGEST_NAME,
    ),
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "schema": {
            "type": "integer",
            "format": "int32",
            "minimum": 1,
            "maximum": MAX_SHORT,
        },
        "example": 30,
    },
    "Server-Timing": _text(
        "How many milliseconds the answer took, to callers who are known.",
        "app;dur=1.4",
        LONGEST_NAME,
    ),
    "WWW-Authenticate": _text(
        "Which credentials are asked for (RFC 6750).",
        'Bearer realm="taskapi"',
        LONGEST_SENTENCE,
    ),
    "X-Request-ID": _text(
        "The caller's, or a new one; the log has it too.",
        "5f3a0c9e7d2b4f61a8e0c4d9b7a6f512",
        64,
        pattern="^[A-Za-z0-9._-]{1,64}$",
    ),
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


def told(high: int, *, required: bool = True, **about: Any) -> fields.String:
    """Return a field for a text of ours, which is never longer than this."""
    return fields.String(required=required, metadata={"maxLength": high} | about)


class FieldErrorSchema(Schema):
    """One value that was refused: where it is, and why."""

    is_input = True  # described as declared: not every member is always there

    class Meta:
        unknown = "exclude"

    line = Integer(
        low=1, metadata={"description": "Of a file; the pointer is into this line."}
    )
    column = Integer(
        low=1,
        metadata={"description": "Of the line: a character, in CSV a cell."},
    )
    pointer = told(
        LONGEST_POINTER, required=False, description="JSON pointer into the body."
    )
    parameter = told(
        LONGEST_ADDRESS, required=False, description="Name of the query parameter."
    )
    code = told(LONGEST_NAME)
    message = told(LONGEST_SENTENCE)
    hint = told(LONGEST_SENTENCE, required=False)


class ProblemSchema(Schema):
    """Problem details (RFC 9457); the last members are those of some kinds only."""

    is_input = True  # likewise

    class Meta:
        unknown = "exclude"

    type = told(LONGEST_NAME, format="uri-reference")
    title = told(LONGEST_NAME)
    status = Integer(required=True, low=400)
    detail = told(LONGEST_SENTENCE)
    instance = told(LONGEST_ADDRESS, format="uri-reference")
    code = told(LONGEST_NAME, description="Stable; the last part of `type`.")
    request_id = told(64)
    errors = fields.List(
        fields.Nested(FieldErrorSchema), metadata={"maxItems": MAX_FIELD_ERRORS}
    )
    field = told(
        LONGEST_NAME, required=False, description="With `already-exists`: which one."
    )
    required_scope = told(
        LONGEST_NAME,
        required=False,
        description="With `insufficient-scope`: what the API key lacks.",
    )
    limit = Integer(
        low=1, metadata={"description": "With `limit-reached`: the largest number."}
    )
    current_version = Integer(
        low=1, metadata={"description": "With `precondition-failed`: what it is now."}
    )
    line = Integer(low=1, metadata={"description": "With `malformed-json`: the line."})
    column = Integer(
        low=1, metadata={"description": "With `malformed-json`: the character of it."}
    )
    error = told(
        LONGEST_NAME,
        required=False,
        description="Answers to forms: the error of OAuth 2.0.",
    )
