"""The rules of mailed tokens: who gets one, and what it is good for, once."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import bindparam, delete, select

from taskapi import clock, db, passwords
from taskapi.api_keys import service as keys
from taskapi.auth import service as sessions
from taskapi.db import AnyRow, statements
from taskapi.errors import FieldError, Invalid, NotFound
from taskapi.mail.models import Kind
from taskapi.recovery.models import EmailToken
from taskapi.users import service as users
from taskapi.users import throttling
from taskapi.users.models import User

log = structlog.get_logger()

LIFETIME = {Kind.RESET: timedelta(hours=1), Kind.VERIFICATION: timedelta(hours=24)}
TOKEN_BYTES = 32

HOLDER = (
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
    """Make a token for the account of an email, instead of the one before.

    None where there is nobody to send it to, or nothing left to verify.
    """
    user = users.find_by_login(email)
    if user is None or not user.is_active:
        return None
    if kind == Kind.VERIFICATION and user.email_verified:
        return None
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = clock.now()
    fresh = {
        "token_hash": _digest(token),
        "binding": _binding(kind, user),
        "expires_at": now + LIFETIME[kind],
        "updated_at": now,
    }
    statement = statements.upsert(EmailToken).values(
        user_id=user.id, kind=kind, **fresh
    )
    one = [EmailToken.user_id, EmailToken.kind]
    db.session.execute(statement.on_conflict_do_update(index_elements=one, set_=fresh))
    return token


def reset_password(token: str, password: str) -> None:
    """Replace the password, end all sessions, and lift the lock of the account."""
    user = _holder(Kind.RESET, token)
    passwords.refuse_weak(password, user.email, user.username, field="new_password")
    _redeem(user, password_hash=passwords.make_hash(password))
    sessions.end_sessions(user.id)
    _end_earlier_access(user)
    throttling.forget(user.id)
    log.info("password reset", account_id=user.id)


def verify_email(token: str) -> None:
    """Count the email as verified."""
    user = _holder(Kind.VERIFICATION, token)
    _redeem(user)
    _end_earlier_access(user)
    log.info("email verified", account_id=user.id)


def purge() -> int:
    """Delete tokens that nothing can be done with; return how many."""
    return statements.delete_all(EmailToken, EmailToken.expires_at <= clock.now())


def _holder(kind: Kind, token: str) -> AnyRow:
    """Return the active account of a token that is still good; raises Invalid."""
    given = {"token_hash": _digest(token), "kind": kind, "now": clock.now()}
    found = db.read(HOLDER, given)
    if not found or found[0].binding != _binding(kind, found[0]):
        raise _refusal()
    return found[0]


def _redeem(user: AnyRow, **changes: Any) -> None:
    """Use the token up, if account and token are as they were read; raises Invalid."""
    try:
        users.prove_email(user, **changes)
    except NotFound as error:
        raise _refusal() from error
    one = EmailToken.id == user.token_id, EmailToken.token_hash == user.token_hash
    used = db.session.execute(delete(EmailToken).where(*one).returning(EmailToken.id))
    if used.one_or_none() is None:
        raise _refusal()


def _end_earlier_access(user: AnyRow) -> None:
    """End sessions and keys that were made before the mailbox was first proven.

    An account may have been registered with the address of someone else.
    """
    if not user.email_verified:
        sessions.end_sessions(user.id)
        keys.revoke_all(user.id)


def _refusal() -> Invalid:
    sentence = "Used, replaced, over or none of ours; ask for a new letter."
    return Invalid({"token": [FieldError(sentence, "wrong")]})


def _binding(kind: Kind, user: AnyRow) -> str:
    """Return what the token depends on: the email, for a reset the password too."""
    replaced = user.password_hash if kind == Kind.RESET else ""
    return _digest(f"{user.email} {replaced}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
