"""Login: creation of sessions, limited per account."""

from datetime import timedelta
from typing import NamedTuple

import structlog
from sqlalchemy import and_, delete, insert, literal, select

from taskapi import clock, db, passwords
from taskapi.auth.models import MAX_SESSIONS, Session, SessionRow, new_token_id
from taskapi.db.types import UtcDateTime
from taskapi.errors import (
    AccountDisabled,
    Collision,
    EmailNotVerified,
    InvalidCredentials,
    Problem,
)
from taskapi.observability import metrics
from taskapi.users import service as users
from taskapi.users import throttling
from taskapi.users.models import User, UserPasswordRow
from taskapi.users.passwords import find_hash, has_password, replace_hash

log = structlog.get_logger()


class Device(NamedTuple):
    """The client that logs in, and the lifetime of its session without a refresh.

    Failed logins are counted by `network`.
    """

    ip: str | None
    network: str
    user_agent: str | None
    lifetime: timedelta


@metrics.login()
def log_in(
    login: str, password: str, device: Device, *, requires_verified_email: bool = False
) -> SessionRow:
    """Create a session.

    An unknown user, a wrong password and a deactivated account take the same time. Only
    the correct password reveals that an account is deactivated or its email unverified.
    """
    user = users.find_by_login(login)
    subject = throttling.account(user.id) if user else throttling.login(login)
    with throttling.login_attempt(subject, device.network):
        new_hash = _check_password(user, password)
    if user is None or not user.is_active:
        log.warning("login to a disabled account", account_id=user and user.id)
        raise AccountDisabled
    if requires_verified_email and user.email and not user.email_verified:
        log.warning("login with an unverified email", account_id=user.id)
        raise EmailNotVerified
    session = _create(user, device)
    _end_oldest(user.id)
    if new_hash:
        replace_hash(user.id, user.password_hash, new_hash)
    log.info("login", account_id=user.id, session_id=session.id)
    return session


def _check_password(user: UserPasswordRow | None, password: str) -> str | None:
    """Check the password; return a new hash if the stored one is outdated.

    Raises InvalidCredentials.
    """
    stored = user.password_hash if user else None
    form = passwords.matching_form(stored, password)
    if form is None:
        log.warning("login failed", account_id=user and user.id)
        raise InvalidCredentials
    return passwords.make_hash(form) if passwords.is_outdated(stored, form) else None


def _create(user: UserPasswordRow, device: Device) -> SessionRow:
    """Insert a session if the account has not changed since its password matched."""
    values = {
        "user_id": User.id,
        "sid": literal(new_token_id()),
        "refresh_id": literal(new_token_id()),
        "expires_at": literal(clock.now() + device.lifetime, UtcDateTime),
        "ip": literal(device.ip),
        "user_agent": literal(device.user_agent),
    }
    unchanged = (
        select(*values.values())
        .where(has_password(user.id, user.password_hash))
        # Lock the account: a transaction that ends all sessions waits for this one and
        # ends the new session too, and the next login waits to count it.
        .with_for_update(key_share=True)
    )
    statement = insert(Session).from_select(list(values), unchanged)
    returning = statement.returning(*Session.__table__.c)
    created: SessionRow | None = db.session.execute(returning).one_or_none()
    if created is None:
        raise _creation_error(user)
    return created


def _creation_error(user: UserPasswordRow) -> Problem:
    """Return the error for an account that has changed since it was read.

    If another login has renewed the hash, Collision repeats the request, which then
    compares the password with the new hash.
    """
    if find_hash(user.id) in {None, user.password_hash}:
        return InvalidCredentials()
    return Collision(retry_after=1)


def _end_oldest(user_id: int) -> None:
    """End the oldest sessions of an account beyond the limit.

    This is a statement of its own: on PostgreSQL it sees the sessions of logins for
    which the insert has waited.
    """
    newest = (
        select(Session.id).where(Session.user_id == user_id).order_by(Session.id.desc())
    )
    first_beyond = newest.offset(MAX_SESSIONS).limit(1).scalar_subquery()
    beyond = and_(Session.user_id == user_id, Session.id <= first_beyond)
    statement = delete(Session).where(beyond).returning(Session.id)
    for session_id in db.session.scalars(statement):
        log.info("session ended", account_id=user_id, session_id=session_id)
