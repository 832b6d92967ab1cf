"""The outbox: a letter is kept with what it is about, and sent at least once.

Who sends a letter first moves its next try on and commits that. So several processes
send it once, and a failure and a crash are the same: the next try comes.
"""

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any

import structlog
from sqlalchemy import bindparam, delete, event, insert, select, update

from taskapi import clock, db
from taskapi.db import AnyRow, statements
from taskapi.errors import Unavailable
from taskapi.mail import smtp
from taskapi.mail.models import Kind, OutgoingEmail
from taskapi.mail.smtp import Text

log = structlog.get_logger()

FIRST_PAUSE = timedelta(minutes=2)
GIVE_UP_AFTER = timedelta(days=1)
MAX_ATTEMPTS = 10  # the eleventh would be due after more than a day

posted = Event()
"""Set when a letter was committed in this process."""

DUE = (
    select(OutgoingEmail.id, OutgoingEmail.attempts)
    .where(
        OutgoingEmail.send_after <= bindparam("now"),
        OutgoingEmail.created_at > bindparam("day_ago"),
    )
    .order_by(OutgoingEmail.send_after, OutgoingEmail.id)
    .limit(1)
)

Compose = Callable[[AnyRow], Text | None]


def enqueue(kind: Kind, email: str) -> None:
    """Keep a letter for sending after the commit, whoever has the address."""
    db.session.execute(insert(OutgoingEmail).values(kind=kind, email=email))
    db.session.info["posted"] = True


@event.listens_for(db.session, "after_commit")
def _announce(committed: Any) -> None:
    if committed.info.pop("posted", False):
        posted.set()


def drain(compose: Compose) -> int:
    """Send what is due; return how many letters went.

    `compose` writes the text, or tells that the letter goes to nobody. No transaction
    is open while the mail server is talked to.
    """
    sent = 0
    while smtp.is_on() and (letter := _claim()):
        sent += _deliver(letter, compose)
    return sent


def purge() -> int:
    """Give up letters that nobody took for a day; return how many."""
    number = statements.delete_all(
        OutgoingEmail, OutgoingEmail.created_at <= clock.now() - GIVE_UP_AFTER
    )
    if number:
        log.warning("mail given up", number=number)
    return number


def _claim() -> AnyRow | None:
    """Take the letter that waits longest, and put its next try off: 2, 4, 8 minutes."""
    now = clock.now()
    while found := db.read(DUE, {"now": now, "day_ago": now - GIVE_UP_AFTER}):
        ((letter_id, attempts),) = found
        statement = (
            update(OutgoingEmail)
            .where(OutgoingEmail.id == letter_id, OutgoingEmail.attempts == attempts)
            .values(attempts=attempts + 1, send_after=now + FIRST_PAUSE * 2**attempts)
            .returning(*OutgoingEmail.__table__.c)
        )
        with db.transaction():
            claimed = db.session.execute(statement).one_or_none()
        if claimed:
            return claimed
    return None


def _deliver(letter: AnyRow, compose: Compose) -> bool:
    """Write and send an email; return whether it was sent.

    Whatever fails concerns this email alone, except that the database is out of reach.
    """
    try:
        with db.transaction():
            text = compose(letter)
        if text is not None:
            smtp.send(letter, text)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - any bug of one email must stop no other
        _note_failure(letter, error)
        return False
    _remove(letter)
    return text is not None


def _note_failure(letter: AnyRow, error: Exception) -> None:
    """Log a failure without its message, which may quote the address or a token."""
    code = getattr(error, "smtp_code", getattr(error, "errno", None))
    cause = {"cause": type(error).__name__, "code": code}
    log.warning("mail failed", attempts=letter.attempts, **cause)
    if letter.attempts >= MAX_ATTEMPTS:
        _remove(letter)
        log.warning("mail given up", number=1)


def _remove(letter: AnyRow) -> None:
    with db.transaction():
        db.session.execute(delete(OutgoingEmail).where(OutgoingEmail.id == letter.id))
