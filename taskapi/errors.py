"""What can go wrong, in words of the domain; `web.problems` maps it to HTTP.

Problem
├── MalformedJson               the body is not one JSON document
├── Invalid                     some values are refused, with a fault for each
│   ├── InvalidLines            some lines of a file are refused, with their numbers
│   ├── ParentCycle             a task would hang below itself
│   └── ParentTooDeep           a tree would have too many levels
├── InvalidCursor               the cursor belongs to another list
├── Unauthenticated             TokenMissing, TokenInvalid, TokenExpired,
│                               SessionRevoked, InvalidCredentials, ApiKeyInvalid,
│                               ApiKeyExpired
├── InsufficientScope           the key may not do this, with the scope that it lacks
├── SessionRequired             keys may not do this at all
├── AdminRequired, AccountDisabled, EmailNotVerified, RegistrationClosed
├── NotFound                    absent, or not the caller's
├── AlreadyExists               taken, with the field
├── LimitReached                the account has as many as it may have
├── LastAdmin                   somebody must remain who can administer
├── IdempotencyKeyReused        the key came with another request before
├── RequestInProgress           the request with this key is still running
├── PreconditionFailed          changed meanwhile, with the current version
├── PreconditionRequired        a write must say which version it changes
├── RateLimited                 too many requests, with seconds to wait
└── Unavailable                 cannot serve now, with seconds to wait
    └── Collision               the transaction failed, and may be repeated at once

A `code` never changes once it is released.
"""

from typing import Any, ClassVar


class FieldError(str):
    """What is wrong with one value: a sentence, a code, perhaps a hint and a column."""

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
        """Make a fault that reads as its message."""
        fault = super().__new__(cls, message)
        fault.code = code
        fault.hint = hint
        fault.column = column
        return fault

    def at(self, column: int) -> "FieldError":
        """Return the same error with the column where it is."""
        return FieldError(str(self), self.code, self.hint, column)


class Problem(Exception):
    """A refusal: `code` for programs, `message` for people, `details` for both.

    `faults` says which values it is about: it maps names, or paths of names, to faults,
    and None to the whole.
    """

    code: ClassVar[str]
    message: ClassVar[str]
    in_lines: ClassVar[bool] = False

    def __init__(
        self,
        message: str | None = None,
        *,
        faults: dict[Any, Any] | None = None,
        in_query: bool = False,
        **details: Any,
    ) -> None:
        self.detail = message or self.message
        self.faults = faults or {}
        self.in_query = in_query
        self.details = details
        super().__init__(self.detail)


class MalformedJson(Problem):
    """The body is not an accepted JSON document; `line` and `column` say where."""

    code = "malformed-json"
    message = "The body is not valid JSON."


class Invalid(Problem):
    """Some values are refused; `faults` says which."""

    code = "validation-error"
    message = "Some values are not accepted; `errors` names each of them."

    def __init__(self, faults: dict[Any, Any], **details: Any) -> None:
        super().__init__(faults=faults, **details)


class InvalidLines(Invalid):
    """Some lines of a file are refused; the paths of `faults` begin with a number."""

    message = "Nothing was imported; `errors` names each line that is not accepted."
    in_lines = True


class ParentCycle(Invalid):
    """A task would hang below itself."""

    code = "parent-cycle"
    message = "A task cannot hang below itself; choose another parent."


class ParentTooDeep(Invalid):
    """A tree would have too many levels."""

    code = "parent-too-deep"
    message = "Trees have at most 10 levels; choose a parent further up."


class InvalidCursor(Problem):
    """The cursor was not made for this list."""

    code = "invalid-cursor"
    message = (
        "The cursor does not belong to this list: keep filters and sort as they were, "
        "or leave the cursor out to begin again."
    )


class Unauthenticated(Problem):
    """Who is calling is not known."""


class TokenMissing(Unauthenticated):
    """No credentials."""

    code = "token-missing"
    message = "Send an access token: `Authorization: Bearer <token>`."


class TokenInvalid(Unauthenticated):
    """Not a token of ours, or not one for this use."""

    code = "token-invalid"
    message = "The token is not valid here; log in again."


class TokenExpired(Unauthenticated):
    """The token was ours, and its time is over."""

    code = "token-expired"
    message = "The token has expired; refresh it or log in again."


class SessionRevoked(Unauthenticated):
    """The session behind the token has ended."""

    code = "session-revoked"
    message = "The session has ended; log in again."


class InvalidCredentials(Unauthenticated):
    """Unknown user or wrong password; which of them is not said."""

    code = "invalid-credentials"
    message = "No account has this login and password."


class ApiKeyInvalid(Unauthenticated):
    """Not a key of ours, or a revoked one."""

    code = "api-key-invalid"
    message = "The API key is not valid; make a new one."


class ApiKeyExpired(Unauthenticated):
    """The key was ours, and its time is over."""

    code = "api-key-expired"
    message = "The API key has expired; make a new one."


class InsufficientScope(Problem):
    """The key lacks a scope; `required_scope` names it."""

    code = "insufficient-scope"
    message = "The API key lacks the scope that this operation needs."


class SessionRequired(Problem):
    """Only a login session may do this."""

    code = "session-required"
    message = "API keys may not do this; log in and use the access token."


class AdminRequired(Problem):
    """Only administrators may do this."""

    code = "admin-required"
    message = "This is for administrators."


class AccountDisabled(Problem):
    """The account is closed; said only after the right password."""

    code = "account-disabled"
    message = "This account is disabled; ask an administrator."


class EmailNotVerified(Problem):
    """The email must be proven before a login; said only after the right password."""

    code = "email-not-verified"
    message = "Verify your email first: ask for a letter, and use the token in it."


class RegistrationClosed(Problem):
    """Accounts are made by the operator only."""

    code = "registration-closed"
    message = "Registration is closed here; ask an administrator for an account."


class NotFound(Problem):
    """It does not exist, or is not the caller's."""

    code = "not-found"
    message = "There is nothing here that you can see."


class AlreadyExists(Problem):
    """The value of a unique field is taken; `field` names it."""

    code = "already-exists"
    message = "This value is taken."


class LimitReached(Problem):
    """The account has as many rows of a kind as it may have; `limit` is the number."""

    code = "limit-reached"
    message = "The account has reached its limit; delete what you no longer need."


class LastAdmin(Problem):
    """The only active admin cannot go."""

    code = "last-admin"
    message = "This is the last active admin; make another one first."


class IdempotencyKeyReused(Problem):
    """The idempotency key came with another request before."""

    code = "idempotency-key-reused"
    message = "This Idempotency-Key was used for another request; make a new one."


class RequestInProgress(Problem):
    """The first request with this idempotency key is still running."""

    code = "request-in-progress"
    message = "The request with this Idempotency-Key is still running; repeat it later."


class PreconditionFailed(Problem):
    """It changed since the caller read it; `current_version` is what it is now."""

    code = "precondition-failed"
    message = "It has changed since you read it; read it again and repeat your change."


class PreconditionRequired(Problem):
    """Writes must name the version that they change."""

    code = "precondition-required"
    message = "Send If-Match with the ETag of the version that you change."


class RateLimited(Problem):
    """Too many requests; `retry_after` says for how many seconds to wait."""

    code = "rate-limited"
    message = "Too many requests; wait as Retry-After says."


class Unavailable(Problem):
    """Cannot serve at the moment; `retry_after` says for how many seconds to wait."""

    code = "service-unavailable"
    message = "The service cannot answer at the moment; repeat the request later."


class Collision(Unavailable):
    """The transaction failed, and repeating it is likely to succeed."""
