"""Every kind of problem: the only place that knows which status a code has."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """A kind of problem: status, title, what it means and what to do about it.

    `members` are what an example of it has besides.
    """

    status: int
    title: str
    meaning: str
    remedy: str
    oauth: str = "invalid_request"
    members: Mapping[str, Any] = MappingProxyType({})


PROBLEM_TYPES = {
    "bad-request": Kind(
        400,
        "Bad request",
        "The request is not valid HTTP or is incomplete, or its host is not served "
        "here.",
        "Check the request line, the headers and the length of the body.",
    ),
    "malformed-json": Kind(
        400,
        "Malformed JSON",
        "The body is not one JSON document: it does not parse, names a member twice, "
        "is nested more than 32 deep, holds more than 10,000 values, or a number that "
        "JSON does not know.",
        "Correct it at `line` and `column`; send one JSON object, encoded in UTF-8.",
        members={"line": 1, "column": 18},
    ),
    "token-missing": Kind(
        401,
        "No credentials",
        "The operation needs a caller, and no bearer token came with the request.",
        "Log in and send `Authorization: Bearer <access token>`.",
    ),
    "token-expired": Kind(
        401,
        "Token expired",
        "The access or refresh token was good and its time is over.",
        "Refresh the access token, or log in again.",
        "invalid_grant",
    ),
    "token-invalid": Kind(
        401,
        "Token not valid",
        "The token was not made here, was changed, or is of the other type.",
        "Send the token as it was given, in the place that it is for.",
        "invalid_grant",
    ),
    "session-revoked": Kind(
        401,
        "Session ended",
        "The session was logged out, the password was changed, the account is gone, "
        "or a refresh token was used twice.",
        "Log in again.",
        "invalid_grant",
    ),
    "invalid-credentials": Kind(
        401,
        "Login or password wrong",
        "No account has this login together with this password.",
        "Check both; nothing tells which of them is wrong.",
        "invalid_grant",
    ),
    "api-key-invalid": Kind(
        401,
        "API key not valid",
        "The key was mistyped, revoked, or belongs to another user than the token.",
        "Check the key, or make a new one.",
    ),
    "api-key-expired": Kind(
        401,
        "API key expired",
        "The key was good and its time is over.",
        "Make a new one.",
    ),
    "insufficient-scope": Kind(
        403,
        "Scope missing",
        "The API key lacks the scope that the operation needs (`required_scope`).",
        "Make a key that has the scope.",
        "insufficient_scope",
        members={"required_scope": "tasks:write"},
    ),
    "session-required": Kind(
        403,
        "Session required",
        "The operation is for login sessions: keys never make keys or close accounts.",
        "Log in, and send the access token.",
    ),
    "admin-required": Kind(
        403,
        "For administrators",
        "The operation is for administrators.",
        "Ask an administrator.",
    ),
    "account-disabled": Kind(
        403,
        "Account disabled",
        "The password is right and an administrator has disabled the account.",
        "Ask an administrator.",
        "invalid_grant",
    ),
    "email-not-verified": Kind(
        403,
        "Email not verified",
        "The password is right and the email of the account is not verified yet.",
        "Use the token that was mailed to it, or ask for another letter.",
        "invalid_grant",
    ),
    "registration-closed": Kind(
        403,
        "Registration closed",
        "Accounts are made by the operator here.",
        "Ask an administrator for an account.",
    ),
    "not-found": Kind(
        404,
        "Not found",
        "There is nothing at this address, or it belongs to someone else.",
        "Check the path and the id.",
    ),
    "method-not-allowed": Kind(
        405,
        "Method not allowed",
        "The address exists and does not take this method.",
        "Use one of the methods that the Allow header names.",
    ),
    "already-exists": Kind(
        409,
        "Already exists",
        "The value must be unique and is taken; `field` says which.",
        "Choose another value, or use what exists.",
        members={"field": "email"},
    ),
    "limit-reached": Kind(
        409,
        "Limit reached",
        "The account has as many of these as it may have (`limit`).",
        "Delete what you no longer need, and repeat.",
        members={"limit": 50},
    ),
    "last-admin": Kind(
        409,
        "Last admin",
        "The change would leave nobody who can administer the service.",
        "Make another user an admin first.",
    ),
    "precondition-failed": Kind(
        412,
        "Changed meanwhile",
        "If-Match names another version than the current one (`current_version`).",
        "Read it again, apply your change to what you read, and repeat.",
        members={"current_version": 4},
    ),
    "payload-too-large": Kind(
        413,
        "Body too large",
        "The body is larger than 1 MiB.",
        "Send less at once.",
    ),
    "uri-too-long": Kind(
        414,
        "URL too long",
        "The request line has more than 16,384 bytes.",
        "Send fewer or shorter query parameters.",
    ),
    "unsupported-media-type": Kind(
        415,
        "Unsupported media type",
        "The Content-Type or the Content-Encoding is none that this operation reads.",
        "Send `Content-Type: application/json` and no Content-Encoding.",
    ),
    "expectation-failed": Kind(
        417,
        "Expectation failed",
        "The Expect header asks for something other than `100-continue`.",
        "Leave the Expect header out.",
    ),
    "validation-error": Kind(
        422,
        "Values not accepted",
        "Each entry of `errors` names one value by JSON pointer or parameter.",
        "Correct all of them and repeat; `hint` often says how.",
        members={
            "errors": [
                {
                    "pointer": "#/due_dat",
                    "code": "unknown",
                    "message": "There is no such field here.",
                    "hint": "Did you mean due_date?",
                }
            ]
        },
    ),
    "invalid-cursor": Kind(
        422,
        "Cursor of another list",
        "The cursor was made for other filters, another sort or another caller.",
        "Keep filters and sort while you follow a cursor, or begin again without it.",
    ),
    "parent-cycle": Kind(
        422,
        "Below itself",
        "The task would hang below itself, or below something that hangs below it.",
        "Choose a parent outside of the task's own subtasks, or null.",
    ),
    "parent-too-deep": Kind(
        422,
        "Too many levels",
        "The tree would have more than 10 levels.",
        "Choose a parent further up.",
    ),
    "idempotency-key-reused": Kind(
        422,
        "Idempotency key reused",
        "The same Idempotency-Key came with another query or body within 24 hours.",
        "Make a new key for each new request; keep it only to repeat the same one.",
    ),
    "request-in-progress": Kind(
        409,
        "Still running",
        "The first request with this Idempotency-Key has not ended yet.",
        "Wait a moment, then repeat the request with the same key.",
    ),
    "precondition-required": Kind(
        428,
        "If-Match required",
        "This service asks every write to name the version that it changes.",
        "Send If-Match with the ETag that you read.",
    ),
    "rate-limited": Kind(
        429,
        "Too many requests",
        "The caller has used up its share for the moment.",
        "Wait for as many seconds as Retry-After says.",
    ),
    "headers-too-large": Kind(
        431,
        "Headers too large",
        "One header has more than 8,190 bytes, or there are more than 100.",
        "Send fewer or shorter headers; cookies are not needed.",
    ),
    "internal-error": Kind(
        500,
        "Internal error",
        "The service failed; the fault is logged under the request id.",
        "Repeat once; if it stays, report the request id to the operator.",
    ),
    "not-implemented": Kind(
        501,
        "Not implemented",
        "The body has a transfer coding other than `chunked`.",
        "Send the body with Content-Length or `Transfer-Encoding: chunked`.",
    ),
    "service-unavailable": Kind(
        503,
        "Not available now",
        "The database is out of reach, or too many logins wait.",
        "Repeat after as many seconds as Retry-After says.",
        "temporarily_unavailable",
    ),
}


def example_of(code: str) -> dict[str, Any]:
    """Return a problem of this kind."""
    kind = PROBLEM_TYPES[code]
    return {
        "type": f"/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.meaning,
        "instance": "/api/v1/tasks/7",
        "code": code,
        "request_id": "5f3a0c9e7d2b4f61a8e0c4d9b7a6f512",
        **kind.members,
    }
