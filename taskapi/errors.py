"""Problems that services raise; `web.problems` turns them into responses.

Problem
├── MalformedJson           the body is not a JSON document; `line` and `column`
├── Invalid                 some values are not valid; `errors` has one entry for each
│   ├── InvalidLines        lines of an imported file; paths begin with the line number
│   ├── ParentCycle         a task would be its own ancestor
│   └── ParentTooDeep       a tree would have too many levels
├── InvalidCursor           the cursor belongs to another list
├── Unauthenticated         TokenMissing, TokenInvalid, TokenExpired, SessionRevoked,
│                           InvalidCredentials, ApiKeyInvalid, ApiKeyExpired
├── InsufficientScope       the API key lacks `required_scope`
├── SessionRequired         API keys are not accepted
├── AdminRequired, AccountDisabled, EmailNotVerified, RegistrationClosed
├── NotFound                does not exist, or belongs to another account
├── AlreadyExists           the value of `field` is not unique
├── LimitReached            the account has `limit` rows of this type
├── RoleRequired            the role in the project is below `required_role`
├── PersonalProject         a personal project can be neither deleted nor shared
├── LastOwner               the projects in `project_ids` would have no owner
├── LastAdmin               no active administrator would remain
├── IdempotencyKeyReused    the key belongs to another request
├── RequestInProgress       the first request with this key has not ended
├── PreconditionFailed      the resource has changed; `current_version`
├── PreconditionRequired    the write does not name a version
├── RateLimited             too many requests; `retry_after` in seconds
└── Unavailable             temporarily unable to respond; `retry_after` in seconds
    └── Collision           the transaction failed and can be retried immediately

`message` is the default `detail` of a response and the text of the problem page. It
says what is wrong and what to do. A `code` never changes once it is released.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class FieldError(str):
    """The error of one value: a message with a code, and perhaps a hint and a column.

    It is a string because marshmallow's validators return their messages as strings.
    """

    code: str
    hint: str | None
    column: int | None

    def __new__(
        cls,
        message: str,
        code: str = "invalid",
        hint: str | None = None,
        column: int | None = None,
    ) -> "FieldError":
        """Create an error that reads as its message."""
        error = super().__new__(cls, message)
        error.code = code
        error.hint = hint
        error.column = column
        return error

    def at(self, column: int) -> "FieldError":
        """Return a copy of the error with its column in a file."""
        return FieldError(str(self), self.code, self.hint, column)


class Problem(Exception):
    """The base of all problems.

    `errors` maps the names of invalid values, or paths of names, to lists of
    `FieldError`; the key None stands for the whole document. `details` are the
    extension members of the response.
    """

    code: ClassVar[str]
    message: ClassVar[str]
    in_lines: ClassVar[bool] = False

    def __init__(
        self,
        message: str | None = None,
        *,
        errors: Mapping[Any, object] | None = None,
        in_query: bool = False,
        **details: Any,
    ) -> None:
        self.detail = message or self.message
        self.errors = errors or {}
        self.in_query = in_query
        self.details = details
        super().__init__(self.detail)


class MalformedJson(Problem):
    code = "malformed-json"
    message = "The body is not a JSON document. Correct it at `line` and `column`."


class Invalid(Problem):
    code = "validation-error"
    message = "Some values are not valid. Correct each one listed in `errors`."

    def __init__(self, errors: Mapping[Any, object], **details: Any) -> None:
        super().__init__(errors=errors, **details)


class InvalidLines(Invalid):
    message = "Nothing was imported. Correct each line listed in `errors`."
    in_lines = True


class ParentCycle(Invalid):
    code = "parent-cycle"
    message = "A task cannot be its own ancestor. Choose another parent."


class ParentTooDeep(Invalid):
    code = "parent-too-deep"
    message = "A tree has at most 10 levels. Choose a parent at a higher level."


class InvalidCursor(Problem):
    code = "invalid-cursor"
    message = (
        "The cursor does not belong to this list. Keep the filters and the sort of "
        "the first page, or omit the cursor to start again."
    )


class Unauthenticated(Problem):
    pass


class TokenMissing(Unauthenticated):
    code = "token-missing"
    message = (
        "Credentials are required. Send `Authorization: Bearer <access token>`, or an "
        "API key as `X-API-Key`."
    )


class TokenInvalid(Unauthenticated):
    code = "token-invalid"
    message = "The token is not valid for this operation. Log in again."


class TokenExpired(Unauthenticated):
    code = "token-expired"
    message = "The token has expired. Refresh it or log in again."


class SessionRevoked(Unauthenticated):
    code = "session-revoked"
    message = "The session has ended. Log in again."


class InvalidCredentials(Unauthenticated):  # does not reveal which of the two is wrong
    code = "invalid-credentials"
    message = "The login or the password is wrong. Check both and try again."


class ApiKeyInvalid(Unauthenticated):
    code = "api-key-invalid"
    message = "The API key is not valid. Check it, or create a new one."


class ApiKeyExpired(Unauthenticated):
    code = "api-key-expired"
    message = "The API key has expired. Create a new one."


class InsufficientScope(Problem):
    code = "insufficient-scope"
    message = "The API key lacks `required_scope`. Use a key that has this scope."


class SessionRequired(Problem):
    code = "session-required"
    message = "This operation does not accept API keys. Log in and send the token."


class AdminRequired(Problem):
    code = "admin-required"
    message = "This operation requires an administrator."


class AccountDisabled(Problem):  # raised only after the correct password
    code = "account-disabled"
    message = "The account is deactivated. Contact an administrator."


class EmailNotVerified(Problem):  # raised only after the correct password
    code = "email-not-verified"
    message = "The email is not verified. Use the token from the verification email."


class RegistrationClosed(Problem):
    code = "registration-closed"
    message = "Registration is closed. Ask an administrator to create an account."


class NotFound(Problem):
    code = "not-found"
    message = "The resource was not found. Check the path and the id."


class AlreadyExists(Problem):
    code = "already-exists"
    message = "The value of `field` is already in use. Choose another one."


class LimitReached(Problem):
    code = "limit-reached"
    message = "The account has reached its `limit`. Delete what you no longer need."


class RoleRequired(Problem):
    code = "role-required"
    message = (
        "Your role in the project does not permit this, which needs `required_role`. "
        "Ask one of its owners."
    )


class PersonalProject(Problem):
    code = "personal-project"
    message = (
        "A personal project can be neither deleted nor shared. Create another project "
        "for this purpose."
    )


class LastOwner(Problem):
    code = "last-owner"
    message = (
        "A shared project needs an owner. Make another member an owner first, or "
        "delete the project."
    )


class LastAdmin(Problem):
    code = "last-admin"
    message = "This is the last active administrator. Promote another user first."


class IdempotencyKeyReused(Problem):
    code = "idempotency-key-reused"
    message = "The Idempotency-Key belongs to another request. Use a new key."


class RequestInProgress(Problem):
    code = "request-in-progress"
    message = "The first request with this key has not ended. Repeat it later."


class PreconditionFailed(Problem):
    code = "precondition-failed"
    message = "The resource has changed. Read it again, then repeat your change."


class PreconditionRequired(Problem):
    code = "precondition-required"
    message = "Send If-Match with the ETag of the version that you want to change."


class RateLimited(Problem):
    code = "rate-limited"
    message = "Too many requests. Wait for the number of seconds in Retry-After."


class Unavailable(Problem):
    code = "service-unavailable"
    message = (
        "The service is temporarily unavailable. Repeat the request after the number "
        "of seconds in Retry-After."
    )


class Collision(Unavailable):
    pass
