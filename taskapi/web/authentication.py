"""Who is calling: credentials in, a caller out, and what that caller may do.

A caller comes with the access token of a session, with an API key, or with both. The
factory injects who finds them, so that this module knows no feature.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import structlog
from flask import Flask, current_app, g, request

from taskapi.errors import (
    AdminRequired,
    ApiKeyInvalid,
    InsufficientScope,
    SessionRequired,
    SessionRevoked,
    TokenMissing,
)
from taskapi.scopes import Scope, covers
from taskapi.web import rate_limits, tokens
from taskapi.web.settings import settings

log = structlog.get_logger()

KEY_MARK = "tsk_"


class CallerLoaders(NamedTuple):
    """Who finds the caller: by `sid` and user id, and by the text of a key."""

    by_session: Callable[[str, int], Any | None]
    by_key: Callable[[str], Any]


def init_app(app: Flask, finders: CallerLoaders, rechecks: CallerLoaders) -> None:
    """Take the finders of the features; `rechecks` find callers and write nothing."""
    app.extensions["finders"] = finders
    app.extensions["rechecks"] = rechecks


def caller() -> Any:
    """Return who is calling; only inside operations that need login."""
    return g.caller


def require(scope: Scope | None, *, takes_keys: bool) -> None:
    """Find the caller, or raise Unauthenticated; reject what the caller may not do.

    Without a scope the operation is for sessions only.
    """
    token, key = _credentials()
    g.credentials = tokens.claims_of(token, "access") if token else None, key
    g.caller, granted = _find(current_app.extensions["finders"])
    if takes_keys and settings.require_api_key and not (token and key):
        raise TokenMissing("Send an access token, and an API key of the same user.")
    structlog.contextvars.bind_contextvars(user_id=g.caller.id)
    _authorize(g.caller, scope, granted)


def confirm(scope: Scope | None) -> None:
    """Raise what `require` raises if the credentials are no longer valid."""
    caller, granted = _find(current_app.extensions["rechecks"])
    _authorize(caller, scope, granted)


def bearer() -> str:
    """Return the bearer token of the request, empty when absent."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and token.strip() else ""


def _credentials() -> tuple[str, str]:
    """Return the access token and the key of the request, each empty when absent."""
    token = bearer()
    key = request.headers.get("X-API-Key", "").strip()
    if not token.startswith(KEY_MARK):
        return _given(token, key)
    if key not in {"", token}:
        raise ApiKeyInvalid("Send one API key, not two.")
    return "", token


def _given(token: str, key: str) -> tuple[str, str]:
    if not token and not key:
        raise TokenMissing
    return token, key


def _find(finders: CallerLoaders) -> tuple[Any, list[Scope] | None]:
    """Return the caller, and the scopes of the key if one was sent."""
    claims, key = g.credentials
    session = finders.by_session(claims.sid, claims.user_id) if claims else None
    if claims and session is None:
        raise SessionRevoked
    if not key:
        return session, None
    owner = _owner(finders, key)
    if session is None:
        return owner, owner.scopes
    if session.id != owner.id:
        raise ApiKeyInvalid("The token and the key belong to different users.")
    return session._replace(key_id=owner.key_id), owner.scopes


def _owner(finders: CallerLoaders, key: str) -> Any:
    """Return the owner of a key; an invented key costs a query, so they are limited."""
    try:
        return finders.by_key(key)
    except ApiKeyInvalid:
        rate_limits.count_invalid_credentials()
        raise


def _authorize(caller: Any, scope: Scope | None, granted: list[Scope] | None) -> None:
    """Check the session, the scopes of the key and the role."""
    if scope is None:
        if caller.session_id is None:
            raise SessionRequired
        return
    if granted is not None and not covers(granted, scope):
        log.warning("scope refused", account_id=caller.id, required_scope=scope)
        raise InsufficientScope(required_scope=scope)
    if scope is Scope.ADMIN and caller.role != "admin":
        raise AdminRequired
