"""Authentication of callers, and the access policy of each operation.

A request carries the access token of a session, an API key, or both. The factory
passes in the functions that load callers, so that this module knows no feature.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from flask import Flask, current_app, g, request

from taskapi import db
from taskapi.errors import (
    AdminRequired,
    ApiKeyInvalid,
    InsufficientScope,
    SessionRequired,
    SessionRevoked,
    TokenMissing,
)
from taskapi.scopes import Scope, covers
from taskapi.typing import Caller
from taskapi.web import rate_limits, tokens
from taskapi.web.openapi.problem_responses import CREDENTIAL_PROBLEMS

if TYPE_CHECKING:
    from config import Settings

log = structlog.get_logger()

API_KEY_PREFIX = "tsk_"
BOTH_REQUIRED = "Send an access token and an API key of the same user."
RESTRICTED_KEY = (
    "This operation does not accept an API key that is restricted to a project. Send "
    "the token without the key."
)
SESSION_SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"password": []}]


class CallerLoaders(NamedTuple):
    """Functions that load callers: by `sid` claim and user id, and by API key.

    `by_session` returns None for a session that has ended; `by_key` raises
    Unauthenticated for a key that is not valid.
    """

    by_session: Callable[[str, int], Any | None]
    by_key: Callable[[str], Caller]


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """The callers and the rate limit of an operation, for checks and documentation.

    An operation without a scope accepts sessions only. Next to a session, a key that is
    restricted to a project is rejected unless the operation `accepts_restricted` keys:
    it reaches no other project, and nothing that belongs to the account.
    """

    public: bool
    scope: Scope | None
    accepts_keys: bool
    limit: str
    ends_caller: bool = False
    accepts_restricted: bool = False

    def check(self) -> None:
        """Load the caller and count the request; raises Problem if it is rejected.

        Some operations require a token and a key if `REQUIRE_API_KEY` is set.
        """
        if not self.public:
            token, key = _read_credentials()
            claims = tokens.verify(token, "access") if token else None
            g.credentials = claims, key
            app: Authentication = current_app.extensions["authentication"]
            g.caller = caller = _load(app.loaders)
            if self.accepts_keys and app.requires_both and not (token and key):
                raise TokenMissing(BOTH_REQUIRED)
            structlog.contextvars.bind_contextvars(user_id=caller.id)
            self._authorize(caller)
        rate_limits.count(self.limit)
        if not self.public:
            current_app.extensions["in_progress"].begin(caller.id)

    def confirm(self) -> None:
        """Check the credentials again, before the writes of the view are committed.

        Statements of operations that may end the caller's own credentials contain
        these as a condition. When they affect no row, the check finds the cause.
        """
        if not self.public and db.in_transaction():
            app: Authentication = current_app.extensions["authentication"]
            self._authorize(_load(app.rechecks))

    def _authorize(self, caller: Caller) -> None:
        """Check the session, the scopes of the key and the role."""
        scope = self.scope
        if scope is None:
            if caller.session_id is None:
                raise SessionRequired
            if caller.key_project_id is not None and not self.accepts_restricted:
                raise SessionRequired(RESTRICTED_KEY)
            return
        if caller.scopes is not None and not covers(caller.scopes, scope):
            log.warning(
                "insufficient scope", account_id=caller.id, required_scope=scope
            )
            raise InsufficientScope(required_scope=scope)
        if scope is Scope.ADMIN and caller.role != "admin":
            raise AdminRequired

    def problems(self) -> list[str]:
        """Return the codes of the problems that the policy can cause.

        Operations without a rate limit do not use the database, or document 503.
        """
        limited = ["rate-limited", "service-unavailable"] if self.limit else []
        if self.public:
            return limited
        if self.scope is None:
            return [*CREDENTIAL_PROBLEMS, "session-required", *limited]
        admin = ["admin-required"] if self.scope is Scope.ADMIN else []
        return [*CREDENTIAL_PROBLEMS, "insufficient-scope", *admin, *limited]

    def security(self) -> list[dict[str, list[str]]]:
        """Return the alternative security requirements of OpenAPI."""
        if self.public:
            return []
        keys = [{"apiKey": [str(self.scope)]}] if self.scope else []
        return SESSION_SECURITY + keys

    def description(self) -> str:
        """Return the text that the policy adds to the description of an operation."""
        if self.public:
            return ""
        if self.scope is None:
            return "Requires a login session. API keys are not accepted."
        return f"API keys need the scope `{self.scope}`."


class Authentication(NamedTuple):
    """The loaders of an app; those in `rechecks` write nothing.

    With `requires_both` some operations require a token and a key.
    """

    loaders: CallerLoaders
    rechecks: CallerLoaders
    requires_both: bool


def init_app(
    app: Flask, settings: "Settings", loaders: CallerLoaders, rechecks: CallerLoaders
) -> None:
    """Register the loaders."""
    app.extensions["authentication"] = Authentication(
        loaders, rechecks, settings.require_api_key
    )


def caller() -> Caller:
    """Return the caller; only inside operations that require login."""
    found: Caller = g.caller
    return found


def bearer_token() -> str:
    """Return the bearer token of the request, or an empty string."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and token.strip() else ""


def _read_credentials() -> tuple[str, str]:
    """Return the access token and the API key; one of them may be empty."""
    token = bearer_token()
    key = request.headers.get("X-API-Key", "").strip()
    if token.startswith(API_KEY_PREFIX):
        if key not in {"", token}:
            raise ApiKeyInvalid("Send one API key, not two.")
        return "", token
    if not token and not key:
        raise TokenMissing
    return token, key


def _load(loaders: CallerLoaders) -> Caller:
    claims, key = g.credentials
    if claims is None:
        return _load_key_owner(loaders, key)
    caller: Caller | None = loaders.by_session(claims.sid, claims.user_id)
    if caller is None:
        raise SessionRevoked
    return _with_key(caller, _load_key_owner(loaders, key)) if key else caller


def _with_key(caller: Any, owner: Caller) -> Caller:
    """Return the caller of a session with the credentials of a key as well."""
    if caller.id != owner.id:
        raise ApiKeyInvalid("The token and the key belong to different users.")
    both: Caller = caller._replace(
        key_id=owner.key_id, scopes=owner.scopes, key_project_id=owner.key_project_id
    )
    return both


def _load_key_owner(loaders: CallerLoaders, key: str) -> Caller:
    """Load the owner of a key; invalid keys are rate-limited, since each costs a query.

    Raises ApiKeyInvalid or RateLimited.
    """
    try:
        return loaders.by_key(key)
    except ApiKeyInvalid:
        rate_limits.count_invalid_credentials()
        raise
