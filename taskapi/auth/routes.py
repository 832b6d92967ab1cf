"""HTTP operations for registration, login, tokens and sessions."""

from datetime import timedelta

from flask import request

from taskapi.auth import login, refresh, service
from taskapi.auth.models import USER_AGENT_LENGTH, SessionRow
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
from taskapi.typing import Fields
from taskapi.users import service as users
from taskapi.users.schemas import UserCreateSchema, UserSchema
from taskapi.web import conditional, pagination, tokens
from taskapi.web.addresses import client_address, client_network
from taskapi.web.api import PREFIX, Blueprint
from taskapi.web.authentication import caller
from taskapi.web.conditional import Headers, Resource
from taskapi.web.pagination import PageResponse
from taskapi.web.settings import settings

auth = Blueprint("auth", "Registration, login, tokens and sessions.", limit="auth")


@auth.post("/auth/register", public=True)
@auth.arguments(UserCreateSchema)
@auth.response(201, UserSchema, headers={"Location": "Location", "ETag": "ETag"})
@auth.problems("already-exists", "registration-closed")
def register(account: Fields) -> tuple[Resource, Headers]:
    """Create an account

    Send an email, a username or both; you can log in with either.
    """
    if settings.registration == "closed":
        raise RegistrationClosed
    user = users.register(account, requires_email=settings.require_verified_email)
    return conditional.created(user, f"{PREFIX}/users/me")


@auth.post("/auth/login", public=True)
@auth.arguments(LoginRequestSchema, location="login")
@auth.response(200, TokenResponseSchema)
@auth.problems("invalid-credentials", "account-disabled", "email-not-verified")
def log_in(body: dict[str, str]) -> Fields:
    """Log in

    Send the email or the username, and the password. A form of the OAuth 2.0 password
    grant is accepted as well.
    """
    name = body.get("email") or body["username"]
    return _log_in(name, body["password"])


@auth.post("/auth/refresh", public=True)
@auth.arguments(RefreshRequestSchema, location="login")
@auth.response(200, TokenResponseSchema)
@auth.problems("token-invalid", "token-expired", "session-revoked")
def refresh_tokens(body: dict[str, str]) -> Fields:
    """Exchange a refresh token for new tokens

    A refresh token is valid for one exchange. If the response was lost, repeat the
    request within ten seconds. Any later use of an old token ends the session.
    """
    return _refresh(body["refresh_token"])


@auth.post("/auth/token", public=True)
@auth.arguments(TokenRequestSchema, location="form")
@auth.response(200, TokenResponseSchema)
@auth.problems("invalid-credentials", "account-disabled", "email-not-verified")
@auth.problems("token-invalid", "token-expired", "session-revoked")
def issue_token(form: dict[str, str]) -> Fields:
    """Request OAuth 2.0 tokens

    This is the token endpoint of RFC 6749, with the grants `password` and
    `refresh_token`.
    """
    if form["grant_type"] == "refresh_token":
        return _refresh(form["refresh_token"])
    return _log_in(form["username"], form["password"])


@auth.post("/auth/logout", ends_caller=True, accepts_restricted=True)
@auth.arguments(LogoutRequestSchema)
@auth.response(204)
def log_out(body: dict[str, bool]) -> None:
    """Log out

    Ends your session or, with `all`, all of your sessions. Their access tokens are
    revoked at once.
    """
    service.log_out(caller(), **body)


@auth.get("/auth/sessions")
@auth.arguments(pagination.PageArguments, location="query")
@auth.response(200, SessionPageSchema, headers={"Link": "Link"})
@auth.problems("invalid-cursor")
def list_sessions(arguments: Fields) -> PageResponse:
    """List your sessions

    Newest first. `current` marks the session of this request.
    """
    page = pagination.page_request(arguments)
    return pagination.page_response(*service.find_page(caller(), page), page)


@auth.delete("/auth/sessions/<id:session_id>", ends_caller=True)
@auth.response(204)
def end_session(session_id: int) -> None:
    """End one of your sessions

    Its tokens are revoked at once.
    """
    service.end_session(caller(), session_id)


@auth.post("/auth/password")
@auth.arguments(PasswordChangeSchema)
@auth.response(204)
@auth.problems("invalid-credentials")
def change_password(body: dict[str, str]) -> None:
    """Change your password

    Your other sessions end; this one stays active.
    """
    service.change_password(caller(), body["current_password"], body["new_password"])


def _log_in(name: str, password: str) -> Fields:
    verified = settings.require_verified_email
    session = login.log_in(name, password, _device(), requires_verified_email=verified)
    return _tokens(session)


def _refresh(token: str) -> Fields:
    claims = tokens.verify(token, "refresh")
    session = refresh.refresh(claims.sid, claims.user_id, claims.token_id, _lifetime())
    return _tokens(session)


def _tokens(session: SessionRow) -> Fields:
    return tokens.issue(session.user_id, session.sid, session.refresh_id)


def _device() -> login.Device:
    """Return the client of the request; its User-Agent is truncated."""
    agent = request.headers.get("User-Agent")
    shown = agent and agent.encode("ascii", "replace").decode()[:USER_AGENT_LENGTH]
    return login.Device(client_address(), client_network(), shown, _lifetime())


def _lifetime() -> timedelta:
    return timedelta(days=settings.refresh_token_days)
