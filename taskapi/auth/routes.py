"""Registration, login and tokens over HTTP."""

from datetime import timedelta
from typing import Any

from flask import request

from taskapi.auth import service
from taskapi.auth.models import USER_AGENT_LENGTH
from taskapi.auth.schemas import (
    LoginRequestSchema,
    LogoutRequestSchema,
    PasswordChangeSchema,
    RefreshRequestSchema,
    SessionPageSchema,
    TokenRequestSchema,
    TokenResponseSchema,
)
from taskapi.errors import RegistrationClosed
from taskapi.users import service as users
from taskapi.users.schemas import UserCreateSchema, UserSchema
from taskapi.web import conditional, pagination, tokens
from taskapi.web.addresses import client_address, client_network
from taskapi.web.api import PREFIX, Blueprint
from taskapi.web.authentication import caller
from taskapi.web.settings import settings

auth = Blueprint(
    "auth", "Accounts and tokens: register, log in, refresh, log out.", limit="auth"
)


@auth.post("/auth/register", public=True)
@auth.arguments(UserCreateSchema)
@auth.response(201, UserSchema, headers={"Location": "Location", "ETag": "ETag"})
@auth.problems("already-exists", "registration-closed")
def register(account: dict[str, Any]) -> Any:
    """Make an account

    It needs an email, a username or both; either serves to log in.
    """
    if settings.registration == "closed":
        raise RegistrationClosed
    made = users.register(needs_email=settings.require_verified_email, **account)
    return conditional.created(made, f"{PREFIX}/users/me")


@auth.post("/auth/login", public=True)
@auth.arguments(LoginRequestSchema, location="login")
@auth.response(200, TokenResponseSchema)
@auth.problems("invalid-credentials", "account-disabled", "email-not-verified")
def log_in(login: dict[str, str]) -> dict[str, Any]:
    """Log in

    By email or username. The password form of OAuth 2.0 is accepted as well.
    """
    name = login.get("email") or login["username"]
    return _log_in(name, login["password"])


@auth.post("/auth/refresh", public=True)
@auth.arguments(RefreshRequestSchema, location="login")
@auth.response(200, TokenResponseSchema)
@auth.problems("token-invalid")
def refresh_tokens(held: dict[str, str]) -> dict[str, Any]:
    """Exchange a refresh token for new tokens

    Each refresh token is good for one exchange. If the answer was lost, repeat within
    ten seconds; later use of an old token ends the session.
    """
    return _refresh(held["refresh_token"])


@auth.post("/auth/token", public=True)
@auth.arguments(TokenRequestSchema, location="form")
@auth.response(200, TokenResponseSchema)
@auth.problems("invalid-credentials", "account-disabled", "email-not-verified")
def issue_token(grant: dict[str, str]) -> dict[str, Any]:
    """Request tokens as OAuth 2.0 does

    The token endpoint of RFC 6749 with the grants `password` and `refresh_token`.
    """
    if grant["grant_type"] == "refresh_token":
        return _refresh(grant["refresh_token"])
    return _log_in(grant["username"], grant["password"])


@auth.post("/auth/logout", ends_caller=True)
@auth.arguments(LogoutRequestSchema)
@auth.response(204)
def log_out(choice: dict[str, bool]) -> None:
    """Log out

    The session, or with `all` each of yours, ends at once: its access tokens too.
    """
    service.log_out(caller(), **choice)


@auth.get("/auth/sessions")
@auth.arguments(pagination.PageArguments, location="query")
@auth.response(200, SessionPageSchema, headers={"Link": "Link"})
@auth.problems("invalid-cursor")
def list_sessions(arguments: dict[str, Any]) -> Any:
    """List your sessions

    The newest first; `current` marks the one that asks.
    """
    window = pagination.window(arguments)
    return pagination.answer(*service.find_page(caller(), window), window)


@auth.delete("/auth/sessions/<id:session_id>", ends_caller=True)
@auth.response(204)
def end_session(session_id: int) -> None:
    """End one of your sessions

    Its tokens are dead with the next request.
    """
    service.end_session(caller(), session_id)


@auth.post("/auth/password")
@auth.arguments(PasswordChangeSchema)
@auth.response(204)
@auth.problems("invalid-credentials")
def change_password(change: dict[str, str]) -> None:
    """Change your password

    Your other sessions end; this one goes on.
    """
    service.change_password(
        caller(), change["current_password"], change["new_password"]
    )


def _log_in(name: str, password: str) -> dict[str, Any]:
    verified_only = settings.require_verified_email
    session = service.log_in(name, password, _device(), verified_only=verified_only)
    return _tokens(session)


def _refresh(token: str) -> dict[str, Any]:
    claims = tokens.verify(token, "refresh")
    session = service.refresh(claims.sid, claims.user_id, claims.token_id, _lifetime())
    return _tokens(session)


def _tokens(session: Any) -> dict[str, Any]:
    return tokens.issue(session.user_id, session.sid, session.refresh_id)


def _device() -> service.Device:
    """Return what a session keeps of the request that begins it."""
    agent = request.headers.get("User-Agent")
    shown = agent and agent.encode("ascii", "replace").decode()[:USER_AGENT_LENGTH]
    return service.Device(client_address(), client_network(), shown, _lifetime())


def _lifetime() -> timedelta:
    return timedelta(days=settings.refresh_token_days)
