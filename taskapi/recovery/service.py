"""Tokens that are sent by email, and the actions they allow."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import bindparam, delete, select

from taskapi import clock, db, passwords
from taskapi.api_keys import service as keys
from taskapi.auth import service as sessions
from taskapi.db import statements
from taskapi.errors import FieldError, Invalid, NotFound
from taskapi.mail.models import Kind
from taskapi.recovery.models import EmailToken, TokenUserRow
from taskapi.users import service as users
from taskapi.users import throttling
from taskapi.users.models import User, UserPasswordRow

log = structlog.get_logger()

LIFETIME = {Kind.RESET: timedelta(hours=1), Kind.VERIFICATION: timedelta(hours=24)}
TOKEN_BYTES = 32

USER_BY_TOKEN = (
    select(
        User.__table__,
        EmailToken.id.label("token_id"),
        EmailToken.token_hash,
        EmailToken.binding,
    )
    .join(EmailToken, EmailToken.user_id == User.id)
    .where(
        EmailToken.token_hash == bindparam("token_hash"),
        EmailToken.kind == bindparam("kind"),
        EmailToken.expires_at > bindparam("now"),
        User.is_active,
    )
)


def issue(kind: Kind, email: str) -> str | None:
    """Create a token for the account with an email; it replaces the previous one.

    Return None if no active account has the email, or if it is already verified.
    """
    user = users.find_by_login(email)
    if user is None or not user.is_active:
        return None
    if kind == Kind.VERIFICATION and user.email_verified:
        return None
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = clock.now()
    values = {
        "token_hash": _digest(token),
        "binding": _binding(kind, user),
        "expires_at": now + LIFETIME[kind],
        "updated_at": now,
    }
    statement = statements.upsert(EmailToken).values(
        user_id=user.id, kind=kind, **values
    )
    key = [EmailToken.user_id, EmailToken.kind]
    db.session.execute(statement.on_conflict_do_update(index_elements=key, set_=values))
    return token


def reset_password(token: str, password: str) -> None:
    """Replace the password, end all sessions, and delete failed login attempts.

    Raises Invalid for an invalid token or a weak password.
    """
    user = _user_of_token(Kind.RESET, token)
    passwords.check_strength(password, user.email, user.username, field="new_password")
    _redeem(user, password_hash=passwords.make_hash(password))
    sessions.end_sessions(user.id)
    _end_earlier_access(user)
    throttling.unlock(user.id)
    log.info("password reset", account_id=user.id)


def verify_email(token: str) -> None:
    """Mark the email as verified; raises Invalid for an invalid token."""
    user = _user_of_token(Kind.VERIFICATION, token)
    _redeem(user)
    _end_earlier_access(user)
    log.info("email verified", account_id=user.id)


def purge() -> int:
    """Delete expired tokens; return the number of rows."""
    return statements.delete_all(EmailToken, EmailToken.expires_at <= clock.now())


def _user_of_token(kind: Kind, token: str) -> TokenUserRow:
    """Return the active account of a valid token; raises Invalid."""
    parameters = {"token_hash": _digest(token), "kind": kind, "now": clock.now()}
    found = db.read(USER_BY_TOKEN, parameters)
    if not found or found[0].binding != _binding(kind, found[0]):
        raise _invalid_token()
    user: TokenUserRow = found[0]
    return user


def _redeem(user: TokenUserRow, **changes: Any) -> None:
    """Verify the email and delete the token.

    Raises Invalid if account or token have changed since they were read.
    """
    try:
        users.verify_email(user, **changes)
    except NotFound as error:
        raise _invalid_token() from error
    same = EmailToken.id == user.token_id, EmailToken.token_hash == user.token_hash
    used = db.session.execute(delete(EmailToken).where(*same).returning(EmailToken.id))
    if used.one_or_none() is None:
        raise _invalid_token()


def _end_earlier_access(user: TokenUserRow) -> None:
    """End all sessions and API keys if the email was not verified before.

    Someone else may have registered the account with an address that is not theirs, and
    must not keep access after the owner of the mailbox has confirmed it.
    """
    if not user.email_verified:
        sessions.end_sessions(user.id)
        keys.revoke_all(user.id)


def _invalid_token() -> Invalid:
    message = "The token is invalid, expired or already used. Request a new email."
    return Invalid({"token": [FieldError(message, "wrong")]})


def _binding(kind: Kind, user: UserPasswordRow) -> str:
    """Return a hash of the email and, for a reset, of the current password."""
    password_hash = user.password_hash if kind == Kind.RESET else ""
    return _digest(f"{user.email} {password_hash}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
