"""The rules of logins: who gets a session, how it goes on, how it ends."""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, literal, select, update

from taskapi import clock, db, passwords
from taskapi.auth.models import Session
from taskapi.db import AnyRow, UtcDateTime
from taskapi.errors import AccountDisabled, InvalidCredentials, SessionRevoked
from taskapi.users import service as users
from taskapi.users.models import PUBLIC_COLUMNS, User

GRACE = timedelta(seconds=10)
"""For how long the previous refresh token answers again, for who lost the answer."""

CALLER = (
    select(*PUBLIC_COLUMNS, Session.id.label("session_id"))
    .join(Session, Session.user_id == User.id)
    .where(
        Session.id == bindparam("session_id"),
        User.id == bindparam("user_id"),
        User.is_active,
    )
)


def find_caller(session_id: int, user_id: int) -> AnyRow | None:
    """Return the active user of a living session, in one query."""
    found = db.read(CALLER, {"session_id": session_id, "user_id": user_id})
    return found[0] if found else None


def log_in(login: str, password: str, lifetime: timedelta) -> AnyRow:
    """Begin a session.

    An unknown user, a wrong password and a disabled user take the same time; only the
    right password learns that an account is disabled.
    """
    user = users.find_by_login(login)
    if not passwords.matches(user.password_hash if user else None, password):
        raise InvalidCredentials
    if user is None or not user.is_active:
        raise AccountDisabled
    outdated = passwords.is_outdated(user.password_hash)
    renewed = passwords.make_hash(password) if outdated else None
    session = _begin(user, lifetime)
    if renewed:
        users.store_hash(user.id, renewed)
    return session


def _begin(user: AnyRow, lifetime: timedelta) -> AnyRow:
    """Insert a session if the account is still as it was when the password matched."""
    expires_at = literal(clock.now() + lifetime, UtcDateTime)
    unchanged = select(User.id, literal(_new_id()), expires_at).where(
        User.id == user.id,
        User.password_hash == user.password_hash,
        User.is_active,
    )
    statement = insert(Session).from_select(
        ["user_id", "refresh_id", "expires_at"], unchanged
    )
    begun = db.session.execute(statement.returning(*Session.__table__.c)).one_or_none()
    if begun is None:
        raise InvalidCredentials
    return begun


def refresh(
    session_id: int, user_id: int, refresh_id: str, lifetime: timedelta
) -> AnyRow:
    """Go on with a session under a new refresh token.

    The token before the current one is answered with the current one for ten seconds,
    so that a lost answer can be asked for again. Any other old token was stolen from
    somebody: the session ends.
    """
    now = clock.now()
    active = select(User.id).where(User.id == user_id, User.is_active)
    theirs = (Session.id == session_id, Session.user_id.in_(active))
    rotation = (
        update(Session)
        .where(*theirs, Session.refresh_id == refresh_id)
        .values(
            refresh_id=_new_id(),
            previous_refresh_id=refresh_id,
            rotated_at=now,
            expires_at=now + lifetime,
        )
        .returning(*Session.__table__.c)
    )
    rotated = db.session.execute(rotation).one_or_none()
    if rotated:
        return rotated
    current = db.session.execute(select(Session.__table__).where(*theirs)).one_or_none()
    if current is None:
        raise SessionRevoked
    if current.previous_refresh_id == refresh_id and now - current.rotated_at < GRACE:
        return current
    db.session.execute(delete(Session).where(*theirs))
    db.commit_despite_refusal()
    raise SessionRevoked


def log_out(caller: Any, *, everywhere: bool) -> None:
    """End the caller's session, or all of theirs."""
    if everywhere:
        end_sessions(caller.id)
    else:
        db.session.execute(delete(Session).where(Session.id == caller.session_id))


def end_sessions(user_id: int) -> None:
    """End all sessions of a user; their tokens are dead with the next request."""
    db.session.execute(delete(Session).where(Session.user_id == user_id))


def _new_id() -> str:
    return str(uuid.uuid4())
