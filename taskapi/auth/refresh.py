"""Rotation of refresh tokens, and detection of stolen ones."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, delete, select, update

from taskapi import clock, db
from taskapi.auth.models import Session, SessionRow, new_token_id
from taskapi.errors import SessionRevoked, TokenInvalid
from taskapi.users.models import User

log = structlog.get_logger()

GRACE = timedelta(seconds=10)
"""The time in which the previous refresh token is accepted once more.

The client may have lost the response.
"""

PARALLEL = timedelta(seconds=2)
"""The time after a repetition in which others count as sent in parallel.

Later ones count as replays: polling with a stolen token must end the session.
"""


def refresh(sid: str, user_id: int, refresh_id: str, lifetime: timedelta) -> SessionRow:
    """Extend a session and replace its refresh token.

    The previous token returns the current one once within ten seconds, in case the
    response was lost. Requests sent in parallel with that one raise TokenInvalid. Any
    other use of an old token ends the session and raises SessionRevoked.
    """
    now = clock.now()
    is_active = select(User.id).where(User.id == user_id, User.is_active)
    scope = and_(Session.sid == sid, Session.user_id.in_(is_active))
    rotation = (
        update(Session)
        .where(scope, Session.refresh_id == refresh_id)
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
    rotated: SessionRow | None = db.session.execute(rotation).one_or_none()
    return rotated or _repeat_or_revoke(scope, refresh_id, now)


def _repeat_or_revoke(
    scope: ColumnElement[bool], refresh_id: str, now: datetime
) -> SessionRow:
    """Return the session for a repeated request; end it for any other old token."""
    statement = select(Session.__table__).where(scope)
    current: SessionRow | None = db.session.execute(statement).one_or_none()
    if current is None:
        raise SessionRevoked
    if current.previous_refresh_id == refresh_id and now - current.rotated_at < GRACE:
        repeated = _repeat(current, refresh_id, now)
        if repeated:
            return repeated
        if now - (current.repeated_at or now) < PARALLEL:
            raise TokenInvalid
    db.session.execute(delete(Session).where(scope))
    db.commit_early()
    ids = {"account_id": current.user_id, "session_id": current.id}
    log.warning("refresh token replayed", **ids)
    raise SessionRevoked


def _repeat(current: SessionRow, refresh_id: str, now: datetime) -> SessionRow | None:
    """Return the session for the first repetition, None for a later one."""
    is_first = and_(
        Session.id == current.id,
        Session.previous_refresh_id == refresh_id,
        Session.repeated_at.is_(None),
    )
    statement = update(Session).where(is_first).values(repeated_at=now)
    returning = statement.returning(*Session.__table__.c)
    repeated: SessionRow | None = db.session.execute(returning).one_or_none()
    event = "refresh token repeated" if repeated else "refresh token repeated again"
    log.warning(event, account_id=current.user_id, session_id=current.id)
    return repeated
