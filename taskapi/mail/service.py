"""Queue of outgoing emails, each of which is sent at least once.

A request only inserts a row, so it takes the same time whether or not an account has
the address, and no mail server can delay it. To claim an email, a sender postpones its
next attempt and commits. Several processes therefore send it once, and a crash has the
same effect as a failure: the next attempt follows.
"""

from collections.abc import Callable
from datetime import timedelta
from threading import Event

import structlog
from sqlalchemy import bindparam, delete, event, insert, select, update
from sqlalchemy.orm import Session

from taskapi import clock, db
from taskapi.db import statements
from taskapi.errors import Unavailable
from taskapi.mail import smtp
from taskapi.mail.models import EmailRow, Kind, OutgoingEmail
from taskapi.mail.smtp import Content

log = structlog.get_logger()

FIRST_RETRY_AFTER = timedelta(minutes=2)
DISCARD_AFTER = timedelta(days=1)
MAX_ATTEMPTS = 10  # the delays double: an eleventh attempt would follow after a day

work_available = Event()
"""Set when this process has committed work for its background thread."""

DUE = (
    select(OutgoingEmail.id, OutgoingEmail.attempts)
    .where(
        OutgoingEmail.send_after <= bindparam("now"),
        OutgoingEmail.created_at > bindparam("created_after"),
    )
    .order_by(OutgoingEmail.send_after, OutgoingEmail.id)
    .limit(1)
)

Compose = Callable[[EmailRow], Content | None]


def enqueue(kind: Kind, email: str | None, *, invitation_id: int | None = None) -> None:
    """Insert an email, which is sent after the commit.

    Without an address its recipient is found when it is composed.
    """
    values = {"kind": kind, "email": email, "invitation_id": invitation_id}
    db.session.execute(insert(OutgoingEmail).values(values))
    db.session.info["has_email"] = True


@event.listens_for(db.session, "after_commit")
def _wake_sender(session: Session) -> None:
    if session.info.pop("has_email", False):
        work_available.set()


def send_due(compose: Compose) -> int:
    """Send the emails that are due; return their number.

    `compose` writes an email, or returns None if it has no recipient. No transaction is
    open during the communication with the mail server.
    """
    number = 0
    while smtp.is_on() and (email := _claim()):
        number += _deliver(email, compose)
    return number


def purge() -> int:
    """Delete emails that could not be sent for a day; return the number of rows."""
    number = statements.delete_all(
        OutgoingEmail, OutgoingEmail.created_at <= clock.now() - DISCARD_AFTER
    )
    if number:
        log.warning("email discarded", number=number)
    return number


def _claim() -> EmailRow | None:
    """Return the email due longest; postpone its next attempt: 2, 4, 8 minutes."""
    now = clock.now()
    while found := db.read(DUE, {"now": now, "created_after": now - DISCARD_AFTER}):
        ((email_id, attempts),) = found
        statement = (
            update(OutgoingEmail)
            .where(OutgoingEmail.id == email_id, OutgoingEmail.attempts == attempts)
            .values(
                attempts=attempts + 1,
                send_after=now + FIRST_RETRY_AFTER * 2**attempts,
            )
            .returning(*OutgoingEmail.__table__.c)
        )
        with db.transaction():
            claimed: EmailRow | None = db.session.execute(statement).one_or_none()
        if claimed:
            return claimed
    return None


def _deliver(email: EmailRow, compose: Compose) -> bool:
    """Write and send an email; return whether it was sent.

    Any error is logged and affects only this email, except an unavailable database.
    """
    try:
        with db.transaction():
            content = compose(email)
        if content is not None:
            smtp.send(email, content)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - an error of one email must not stop others
        _log_failure(email, error)
        return False
    _remove(email)
    return content is not None


def _log_failure(email: EmailRow, error: Exception) -> None:
    """Log a failure without its message, which may contain the address or a token."""
    code = getattr(error, "smtp_code", getattr(error, "errno", None))
    cause = {"cause": type(error).__name__, "code": code}
    log.warning("email failed", attempts=email.attempts, **cause)
    if email.attempts >= MAX_ATTEMPTS:
        _remove(email)
        log.warning("email discarded", number=1)


def _remove(email: EmailRow) -> None:
    with db.transaction():
        db.session.execute(delete(OutgoingEmail).where(OutgoingEmail.id == email.id))
