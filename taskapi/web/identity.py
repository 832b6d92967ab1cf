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
from taskapi.web import limits, tokens
from taskapi.web.settings import settings

log = structlog.get_logger()

KEY_MARK = "tsk_"


class Finders(NamedTuple):
    """Who finds the caller: by `sid` and user id, and by the text of a key."""

    by_session: Callable[[str, int], Any | None]
    by_key: Callable[[str], Any]


def init_app(app: Flask, finders: Finders) -> None:
    """Take the finders of the features."""
    app.extensions["finders"] = finders


def caller() -> Any:
    """Return who is calling; only inside operations that need login."""
    return g.caller


def require(scope: Scope | None, *, takes_keys: bool) -> None:
    """Find the caller, or raise Unauthenticated; refuse what the caller may not do.

    Without a scope the operation is for sessions only.
    """
    token, key = _credentials()
    finders: Finders = current_app.extensions["finders"]
    session = _session(finders, token) if token else None
    owner = _owner(finders, key) if key else None
    if session and owner and session.id != owner.id:
        raise ApiKeyInvalid("The token and the key belong to different users.")
    if takes_keys and settings.require_api_key and not (session and owner):
        raise TokenMissing("Send an access token, and an API key of the same user.")
    g.caller = session or owner
    structlog.contextvars.bind_contextvars(user_id=g.caller.id)
    _authorize(scope, owner.scopes if owner else None)


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


def _session(finders: Finders, token: str) -> Any:
    claims = tokens.claims_of(token, "access")
    found = finders.by_session(claims.sid, claims.user_id)
    if found is None:
        raise SessionRevoked
    return found


def _owner(finders: Finders, key: str) -> Any:
    """Return the owner of a key; an invented key costs a query, so they are limited."""
    try:
        return finders.by_key(key)
    except ApiKeyInvalid:
        limits.count_invalid_credentials()
        raise


def _authorize(scope: Scope | None, granted: list[Scope] | None) -> None:
    """Check the session, the key's scopes and the role; `granted` is None sans key."""
    if scope is None:
        if g.caller.session_id is None:
            raise SessionRequired
        return
    if granted is not None and not covers(granted, scope):
        log.warning("scope refused", account_id=g.caller.id, required_scope=scope)
        raise InsufficientScope(required_scope=scope)
    if scope is Scope.ADMIN and g.caller.role != "admin":
        raise AdminRequired
