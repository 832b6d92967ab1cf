"""The rules of logins: who gets a session, how it goes on, how it ends."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from sqlalchemy import and_, bindparam, delete, insert, literal, null, select, update

from taskapi import clock, credentials, db, passwords
from taskapi.auth.models import MAX_SESSIONS, Session, new_token_id
from taskapi.db import AnyRow, pagination, statements
from taskapi.db.compiled import CompiledStatement
from taskapi.db.pagination import PageRequest
from taskapi.db.types import UtcDateTime
from taskapi.errors import (
    AccountDisabled,
    Collision,
    EmailNotVerified,
    InvalidCredentials,
    NotFound,
    Problem,
    SessionRevoked,
    TokenInvalid,
)
from taskapi.observability import metrics
from taskapi.users import service as users
from taskapi.users import throttling
from taskapi.users.models import PUBLIC_COLUMNS, User

log = structlog.get_logger()

GRACE = timedelta(seconds=10)
"""For how long the previous refresh token answers again, for who lost the answer."""

PARALLEL = timedelta(seconds=2)
"""How long after a repetition another one counts as parallel, not as polling."""

TOUCH_AFTER = timedelta(minutes=5)

CALLER = CompiledStatement(
    select(
        *PUBLIC_COLUMNS,
        Session.id.label("session_id"),
        null().label("key_id"),
        Session.last_used_at,
    )
    .join(Session, Session.user_id == User.id)
    .where(
        Session.sid == bindparam("sid"),
        User.id == bindparam("user_id"),
        User.is_active,
    )
)
TOUCH = CompiledStatement(
    update(Session)
    .where(
        Session.id == bindparam("session_id"),
        Session.last_used_at <= bindparam("since"),
    )
    .values(last_used_at=bindparam("now"))
    .returning(Session.id)
)
SHOWN = [
    Session.id,
    Session.created_at,
    Session.last_used_at,
    Session.expires_at,
    Session.ip,
    Session.user_agent,
]


class Device(NamedTuple):
    """The client that begins a session, and how long the session lasts unused.

    Failed logins are counted by `network`.
    """

    ip: str | None
    network: str
    user_agent: str | None
    lifetime: timedelta


def find_caller(sid: str, user_id: int) -> AnyRow | None:
    """Return the active user of a session, and note its use."""
    found = find_active(sid, user_id)
    now = clock.now()
    if found and found.last_used_at + TOUCH_AFTER <= now:
        _touch(found.session_id, now)
    return found


def find_active(sid: str, user_id: int) -> AnyRow | None:
    """Return the active user of a session, in one query."""
    found = db.read(CALLER, {"sid": sid, "user_id": user_id})
    return found[0] if found else None


@metrics.login()
def log_in(
    login: str, password: str, device: Device, *, verified_only: bool = False
) -> AnyRow:
    """Begin a session.

    An unknown user, a wrong password and a disabled user take the same time; only the
    right password learns that an account is disabled, or its email not verified.
    """
    user = users.find_by_login(login)
    account = throttling.account(user.id) if user else throttling.login(login)
    with throttling.login_attempt(account, device.network):
        renewed = _matched(user, password)
    if user is None or not user.is_active:
        log.warning("login to a disabled account", account_id=user and user.id)
        raise AccountDisabled
    if verified_only and user.email and not user.email_verified:
        log.warning("login with an unverified email", account_id=user.id)
        raise EmailNotVerified
    session = _begin(user, device)
    _end_oldest(user.id)
    if renewed:
        users.replace_hash(user.id, user.password_hash, renewed)
    log.info("login", account_id=user.id, session_id=session.id)
    return session


def _matched(user: AnyRow | None, password: str) -> str | None:
    """Check the password; return a new hash of it if the old one is outdated."""
    stored = user.password_hash if user else None
    form = passwords.matching_form(stored, password)
    if form is None:
        log.warning("login failed", account_id=user and user.id)
        raise InvalidCredentials
    return passwords.make_hash(form) if passwords.is_outdated(stored, form) else None


def refresh(sid: str, user_id: int, refresh_id: str, lifetime: timedelta) -> AnyRow:
    """Go on with a session under a new refresh token.

    The previous token returns the current one once within ten seconds, in case the
    response was lost. Requests sent in parallel with that one raise TokenInvalid. Any
    other use of an old token ends the session and raises SessionRevoked.
    """
    now = clock.now()
    active = select(User.id).where(User.id == user_id, User.is_active)
    theirs = and_(Session.sid == sid, Session.user_id.in_(active))
    rotation = (
        update(Session)
        .where(theirs, Session.refresh_id == refresh_id)
        .values(
            refresh_id=new_token_id(),
            previous_refresh_id=refresh_id,
            rotated_at=now,
            repeated_at=None,
            last_used_at=now,
            expires_at=now + lifetime,
        )
        .returning(*Session.__table__.c)
    )
    rotated = db.session.execute(rotation).one_or_none()
    if rotated:
        return rotated
    current = db.session.execute(select(Session.__table__).where(theirs)).one_or_none()
    if current is None:
        raise SessionRevoked
    if current.previous_refresh_id == refresh_id and now - current.rotated_at < GRACE:
        repeated = _repeat(current, refresh_id, now)
        if repeated:
            return repeated
        if now - (current.repeated_at or now) < PARALLEL:
            raise TokenInvalid
    db.session.execute(delete(Session).where(theirs))
    db.commit_early()
    log.warning("refresh token replayed", account_id=user_id, session_id=current.id)
    raise SessionRevoked


def _repeat(current: AnyRow, refresh_id: str, now: datetime) -> AnyRow | None:
    """Return the session for the first repetition, else None."""
    first = and_(
        Session.id == current.id,
        Session.previous_refresh_id == refresh_id,
        Session.repeated_at.is_(None),
    )
    statement = update(Session).where(first).values(repeated_at=now)
    returned = statement.returning(*Session.__table__.c)
    repeated = db.session.execute(returned).one_or_none()
    event = "refresh token repeated" if repeated else "refresh token repeated again"
    log.warning(event, account_id=current.user_id, session_id=current.id)
    return repeated


def log_out(caller: Any, *, everywhere: bool) -> None:
    """End the caller's session, or all of theirs; raises NotFound if it has ended."""
    if everywhere:
        _end_all(caller)
    else:
        end_session(caller, caller.session_id)


def find_page(caller: Any, window: PageRequest) -> tuple[Sequence[AnyRow], int | None]:
    """Return a page of the caller's sessions, the newest first, and their number."""
    theirs = Session.user_id == caller.id
    current = (Session.id == literal(caller.session_id)).label("current")
    rows = pagination.newest_first([*SHOWN, current], Session, theirs, window)
    return rows, pagination.total(Session, theirs, window)


def end_session(caller: Any, session_id: int) -> None:
    """End one session of the caller's; raises NotFound."""
    one = and_(Session.user_id == caller.id, Session.id == session_id)
    statement = delete(Session).where(one, credentials.valid(caller))
    ended = db.session.execute(statement.returning(Session.id))
    if ended.one_or_none() is None:
        raise NotFound
    log.info("session ended", account_id=caller.id, session_id=session_id)


def end_sessions(user_id: int, *, but: int | None = None) -> None:
    """End all sessions of a user, perhaps but one; their tokens are dead at once."""
    others = and_(Session.user_id == user_id, Session.id.is_distinct_from(but))
    db.session.execute(delete(Session).where(others))
    log.info("sessions ended", account_id=user_id)


def _end_all(caller: Any) -> None:
    every = and_(Session.user_id == caller.id, credentials.valid(caller))
    statement = delete(Session).where(every).returning(Session.id)
    if not db.session.execute(statement).all():
        raise NotFound
    log.info("sessions ended", account_id=caller.id)


def purge() -> int:
    """Delete sessions that nothing can go on with; return how many."""
    return statements.delete_all(Session, Session.expires_at <= clock.now())


def change_password(caller: Any, current: str, new: str) -> None:
    """Replace the caller's password, and end their other sessions."""
    users.change_password(caller, current, new)
    end_sessions(caller.id, but=caller.session_id)
    log.info("password changed", account_id=caller.id)


def _begin(user: AnyRow, device: Device) -> AnyRow:
    """Insert a session if the account is still as it was when the password matched."""
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
        .where(
            User.id == user.id,
            User.password_hash == user.password_hash,
            User.is_active,
        )
        # what ends sessions waits, and ends this one too; the next login waits as well
        .with_for_update(key_share=True)
    )
    statement = insert(Session).from_select(list(values), unchanged)
    begun = db.session.execute(statement.returning(*Session.__table__.c)).one_or_none()
    if begun is None:
        raise _changed(user)
    return begun


def _changed(user: AnyRow) -> Problem:
    """Return the error for an account that is not as it was read.

    Another login may have renewed the hash, so the password is compared with it too.
    """
    current = db.read(users.PASSWORD_OF, {"user_id": user.id})
    if current and current[0].password_hash != user.password_hash:
        return Collision(retry_after=1)
    return InvalidCredentials()


def _end_oldest(user_id: int) -> None:
    """End the oldest sessions of an account that has more than it may have.

    On PostgreSQL this sees the sessions of logins for which the insert has waited.
    """
    newest = (
        select(Session.id).where(Session.user_id == user_id).order_by(Session.id.desc())
    )
    first_beyond = newest.offset(MAX_SESSIONS).limit(1).scalar_subquery()
    beyond = and_(Session.user_id == user_id, Session.id <= first_beyond)
    statement = delete(Session).where(beyond).returning(Session.id)
    for session_id in db.session.scalars(statement):
        log.info("session ended", account_id=user_id, session_id=session_id)


def _touch(session_id: int, now: datetime) -> None:
    """Note the use, at most every five minutes; reads never depend on it."""
    parameters = {"session_id": session_id, "now": now, "since": now - TOUCH_AFTER}
    db.try_write(TOUCH, parameters)
