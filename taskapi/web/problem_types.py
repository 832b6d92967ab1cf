"""Problem types: the status, title and text of each code.

Only this module knows which status a code has. The text of a problem that services
raise is the message of its class; those of HTTP itself have their texts here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from taskapi import errors
from taskapi.typing import JsonObject


class ProblemType(NamedTuple):
    """One problem type; `members` are the extension members of its example."""

    status: int
    title: str
    detail: str
    oauth_error: str = "invalid_request"
    members: Mapping[str, object] = MappingProxyType({})


def _parent_error(kind: type[errors.Invalid]) -> JsonObject:
    error = {"pointer": "#/parent_id", "code": kind.code, "message": kind.message}
    return {"errors": [error]}


PROBLEM_TYPES = {
    "bad-request": ProblemType(
        400,
        "Bad request",
        "The request is not valid HTTP, is incomplete, or names an unknown host. Check "
        "the request line, the headers and the length of the body.",
    ),
    "malformed-json": ProblemType(
        400,
        "Malformed JSON",
        errors.MalformedJson.message,
        members={"line": 1, "column": 18},
    ),
    "token-missing": ProblemType(
        401, "Credentials required", errors.TokenMissing.message
    ),
    "token-expired": ProblemType(
        401, "Token expired", errors.TokenExpired.message, "invalid_grant"
    ),
    "token-invalid": ProblemType(
        401, "Invalid token", errors.TokenInvalid.message, "invalid_grant"
    ),
    "session-revoked": ProblemType(
        401, "Session ended", errors.SessionRevoked.message, "invalid_grant"
    ),
    "invalid-credentials": ProblemType(
        401, "Invalid credentials", errors.InvalidCredentials.message, "invalid_grant"
    ),
    "api-key-invalid": ProblemType(
        401, "Invalid API key", errors.ApiKeyInvalid.message
    ),
    "api-key-expired": ProblemType(
        401, "API key expired", errors.ApiKeyExpired.message
    ),
    "insufficient-scope": ProblemType(
        403,
        "Insufficient scope",
        errors.InsufficientScope.message,
        "insufficient_scope",
        members={"required_scope": "tasks:write"},
    ),
    "session-required": ProblemType(
        403, "Session required", errors.SessionRequired.message
    ),
    "admin-required": ProblemType(
        403, "Administrator required", errors.AdminRequired.message
    ),
    "role-required": ProblemType(
        403,
        "Role required",
        errors.RoleRequired.message,
        members={"required_role": "owner"},
    ),
    "account-disabled": ProblemType(
        403, "Account deactivated", errors.AccountDisabled.message, "invalid_grant"
    ),
    "email-not-verified": ProblemType(
        403, "Email not verified", errors.EmailNotVerified.message, "invalid_grant"
    ),
    "registration-closed": ProblemType(
        403, "Registration closed", errors.RegistrationClosed.message
    ),
    "not-found": ProblemType(404, "Not found", errors.NotFound.message),
    "method-not-allowed": ProblemType(
        405,
        "Method not allowed",
        "The resource does not support this method. Use one from the Allow header.",
    ),
    "already-exists": ProblemType(
        409,
        "Already exists",
        errors.AlreadyExists.message,
        members={"field": "email"},
    ),
    "limit-reached": ProblemType(
        409, "Limit reached", errors.LimitReached.message, members={"limit": 50}
    ),
    "personal-project": ProblemType(
        409, "Personal project", errors.PersonalProject.message
    ),
    "last-owner": ProblemType(
        409,
        "Last owner",
        errors.LastOwner.message,
        members={"project_ids": [7]},
    ),
    "last-admin": ProblemType(409, "Last administrator", errors.LastAdmin.message),
    "precondition-failed": ProblemType(
        412,
        "Precondition failed",
        errors.PreconditionFailed.message,
        members={"current_version": 4},
    ),
    "payload-too-large": ProblemType(
        413,
        "Payload too large",
        "The body is larger than 1 MiB. Send it in several requests.",
    ),
    "uri-too-long": ProblemType(
        414,
        "URL too long",
        "The request line is longer than 16,384 bytes. Send fewer or shorter query "
        "parameters.",
    ),
    "unsupported-media-type": ProblemType(
        415,
        "Unsupported media type",
        "The operation does not accept this Content-Type or Content-Encoding. Send "
        "`Content-Type: application/json` and no Content-Encoding.",
    ),
    "expectation-failed": ProblemType(
        417,
        "Expectation failed",
        "The Expect header has a value other than `100-continue`. Omit the header.",
    ),
    "validation-error": ProblemType(
        422,
        "Validation failed",
        errors.Invalid.message,
        members={
            "errors": [
                {
                    "pointer": "#/due_dat",
                    "code": "unknown",
                    "message": "Unknown field.",
                    "hint": "Did you mean due_date?",
                }
            ]
        },
    ),
    "invalid-cursor": ProblemType(422, "Invalid cursor", errors.InvalidCursor.message),
    "parent-cycle": ProblemType(
        422,
        "Parent cycle",
        errors.ParentCycle.message,
        members=_parent_error(errors.ParentCycle),
    ),
    "parent-too-deep": ProblemType(
        422,
        "Tree too deep",
        errors.ParentTooDeep.message,
        members=_parent_error(errors.ParentTooDeep),
    ),
    "idempotency-key-reused": ProblemType(
        422, "Idempotency key reused", errors.IdempotencyKeyReused.message
    ),
    "request-in-progress": ProblemType(
        409, "Request in progress", errors.RequestInProgress.message
    ),
    "precondition-required": ProblemType(
        428, "Precondition required", errors.PreconditionRequired.message
    ),
    "rate-limited": ProblemType(429, "Too many requests", errors.RateLimited.message),
    "headers-too-large": ProblemType(
        431,
        "Headers too large",
        "A header is longer than 8,190 bytes, or there are more than 100 headers. Send "
        "fewer or shorter headers. Cookies are not needed.",
    ),
    "internal-error": ProblemType(
        500,
        "Internal error",
        "The service failed, and the error was logged. Repeat the request once; if "
        "it fails again, report the request id to the operator.",
    ),
    "not-implemented": ProblemType(
        501,
        "Not implemented",
        "The transfer coding is not supported. Send the body with Content-Length or "
        "`Transfer-Encoding: chunked`.",
    ),
    "service-unavailable": ProblemType(
        503,
        "Service unavailable",
        errors.Unavailable.message,
        "temporarily_unavailable",
    ),
}

FIELD_ERROR_CODES = (
    "required",
    "null",
    "unknown",
    "read-only",
    "type",
    "format",
    "length",
    "range",
    "choice",
    "characters",
    "control",
    "repeated",
    "conflict",
    "taken",
    "wrong",
    "not-found",
    "role-required",
    "common",
    "personal",
    "wordless",
    "malformed-json",
    "malformed-csv",
    "parent-cycle",
    "parent-too-deep",
    "precondition-failed",
)
"""The codes in `errors` of a validation problem."""


def example_of(code: str) -> JsonObject:
    """Return an example of this problem type."""
    problem_type = PROBLEM_TYPES[code]
    return {
        "type": f"/problems/{code}",
        "title": problem_type.title,
        "status": problem_type.status,
        "detail": problem_type.detail,
        "instance": "/api/v1/tasks/7",
        "code": code,
        "request_id": "5f3a0c9e7d2b4f61a8e0c4d9b7a6f512",
        **problem_type.members,
    }
