"""Login sessions: lookup of callers, logout, changes of the password."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import and_, bindparam, delete, literal, null, select, update

from taskapi import clock, db
from taskapi.auth.models import (
    Session,
    SessionRow,
    SessionUserRow,
)
from taskapi.db import pagination, statements
from taskapi.db.compiled import CompiledStatement
from taskapi.db.pagination import PageRequest
from taskapi.errors import (
    NotFound,
)
from taskapi.projects.models import HAS_SHARED_PROJECTS, Project
from taskapi.typing import Caller
from taskapi.users import credentials
from taskapi.users import service as users
from taskapi.users.models import PUBLIC_COLUMNS, User

log = structlog.get_logger()

TOUCH_AFTER = timedelta(minutes=5)
"""The precision of `last_used_at`, so that few requests write."""

CALLER = CompiledStatement(
    select(
        *PUBLIC_COLUMNS,
        Session.id.label("session_id"),
        null().label("key_id"),
        null().label("scopes"),
        null().label("key_project_id"),
        Project.id.label("personal_project_id"),
        HAS_SHARED_PROJECTS,
        Session.last_used_at,
    )
    .join(Session, Session.user_id == User.id)
    .join(Project, Project.personal_user_id == User.id)
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
COLUMNS = [
    Session.id,
    Session.created_at,
    Session.last_used_at,
    Session.expires_at,
    Session.ip,
    Session.user_agent,
]


def find_caller(sid: str, user_id: int, *, touch: bool = True) -> SessionUserRow | None:
    """Return the active user of a session; `touch` records the use of the session."""
    rows = db.read(CALLER, {"sid": sid, "user_id": user_id})
    found: SessionUserRow | None = rows[0] if rows else None
    now = clock.now()
    if touch and found and found.last_used_at + TOUCH_AFTER <= now:
        _touch(found.session_id, now)
    return found


def log_out(caller: Caller, *, everywhere: bool) -> None:
    """End the caller's session, or all of its account; raises NotFound if it ended."""
    if everywhere:
        _end_all(caller)
    else:
        end_session(caller, caller.session_id)


def find_page(
    caller: Caller, page: PageRequest
) -> tuple[Sequence[SessionRow], int | None]:
    """Return a page of the caller's sessions, newest first, and the total."""
    scope = Session.user_id == caller.id
    current = (Session.id == literal(caller.session_id)).label("current")
    rows = pagination.newest_first([*COLUMNS, current], Session, scope, page)
    return rows, pagination.total(Session, scope, page)


def end_session(caller: Caller, session_id: int | None) -> None:
    """End a session of the caller's account; raises NotFound."""
    scope = and_(Session.user_id == caller.id, Session.id == session_id)
    statement = delete(Session).where(scope, credentials.valid(caller))
    ended = db.session.execute(statement.returning(Session.id))
    if ended.one_or_none() is None:
        raise NotFound
    log.info("session ended", account_id=caller.id, session_id=session_id)


def end_sessions(user_id: int, *, but: int | None = None) -> None:
    """End all sessions of an account, except one; their tokens are revoked at once."""
    others = and_(Session.user_id == user_id, Session.id.is_distinct_from(but))
    db.session.execute(delete(Session).where(others))
    log.info("sessions ended", account_id=user_id)


def change_password(caller: Caller, current: str, new: str) -> None:
    """Replace the caller's password, and end the other sessions of the account."""
    users.change_password(caller, current, new)
    end_sessions(caller.id, but=caller.session_id)
    log.info("password changed", account_id=caller.id)


def purge() -> int:
    """Delete expired sessions; return the number of rows."""
    return statements.delete_all(Session, Session.expires_at <= clock.now())


def _end_all(caller: Caller) -> None:
    scope = and_(Session.user_id == caller.id, credentials.valid(caller))
    statement = delete(Session).where(scope).returning(Session.id)
    if not db.session.execute(statement).all():
        raise NotFound
    log.info("sessions ended", account_id=caller.id)


def _touch(session_id: int, now: datetime) -> None:
    """Record the use of a session, at most every five minutes.

    A failure is ignored: no read may depend on a write.
    """
    parameters = {"session_id": session_id, "now": now, "since": now - TOUCH_AFTER}
    db.try_write(TOUCH, parameters)
