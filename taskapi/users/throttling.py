"""Limits of wrong passwords and of emails, counted in the database.

Counting in the database makes the limits hold across workers, instances and crashes. An
attempt is counted and committed before the password is compared, so that concurrent
attempts do not evade the limit. A correct password subtracts the attempts of its own
client.
"""

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from sqlalchemy import ColumnElement, and_, case, delete, update

from taskapi import clock, db, passwords
from taskapi.db import statements
from taskapi.errors import RateLimited
from taskapi.observability import metrics
from taskapi.users.models import LoginAttempts

log = structlog.get_logger()

WINDOW = timedelta(minutes=15)
DAY = timedelta(days=1)
MAX_PER_ACCOUNT = 10
MAX_PER_ADDRESS = 100
MAX_EMAILS = 5
MAX_INVITATIONS = 50


class Subject(NamedTuple):
    """A name under which attempts are counted, and its limit within a time."""

    name: str
    limit: int
    window: timedelta = WINDOW

    @property
    def kind(self) -> str:
        """Return the label of the limit in logs and metrics."""
        return self.name.partition(" ")[0]

    def log_fields(self) -> dict[str, str]:
        """Return fields for the log: an account id, but no address and no name."""
        if self.kind != "account":
            return {"subject": self.kind}
        return {"subject": self.kind, "account_id": self.name.partition(" ")[2]}

    @property
    def digest(self) -> str:
        """Return the stored form, which reveals no address and no name."""
        return hashlib.sha256(self.name.encode()).hexdigest()


class Counter(NamedTuple):
    """The number of attempts of a subject, and the end of its window."""

    subject: Subject
    number: int
    expires_at: datetime


def account(user_id: int) -> Subject:
    """Return the subject of logins to an account, by email or username."""
    return Subject(f"account {user_id}", MAX_PER_ACCOUNT)


def login(name: str) -> Subject:
    """Return the subject of logins with a name that no account has.

    It has the limit of an account, so that responses do not reveal which names exist.
    """
    return Subject(f"login {name}", MAX_PER_ACCOUNT)


def address(network: str) -> Subject:
    """Return the subject of logins from a network: a single address with IPv4."""
    return Subject(f"address {network}", MAX_PER_ADDRESS)


def credential(session_id: int | None, key_id: int | None) -> Subject:
    """Return the subject of password checks within a session or with an API key.

    They are counted separately from logins: neither failed logins of others nor another
    session may keep the owner from changing the password.
    """
    name = f"session {session_id}" if session_id else f"key {key_id}"
    return Subject(f"password-check {name}", MAX_PER_ACCOUNT)


def emails(email: str) -> Subject:
    """Return the subject of requested emails to an address, with or without account."""
    return Subject(f"email {email}", MAX_EMAILS)


def notices(email: str) -> Subject:
    """Return the subject of notices to an address.

    They are counted separately, so that requested emails cannot displace them.
    """
    return Subject(f"email notice {email}", MAX_EMAILS)


def invitation_emails(email: str) -> Subject:
    """Return the subject of emails to an address about invitations.

    They are counted separately, so that invitations cannot displace other emails.
    """
    return Subject(f"email invitation {email}", MAX_EMAILS)


def invitations(user_id: int) -> Subject:
    """Return the subject of invitations of an account to a username or an email."""
    return Subject(f"invitations {user_id}", MAX_INVITATIONS, DAY)


@contextmanager
def login_attempt(account: Subject, network: str) -> Iterator[None]:
    """Count a login before its password is compared in the block.

    If the block raises, the attempt stays counted; otherwise failures from this network
    are subtracted, and those from others stay. Raises RateLimited or Unavailable.
    """
    # Take the hash slot first: an attempt that gets none is rejected with 503 and must
    # not count, or ten logins in a burst would lock out the owner of the account.
    with passwords.reserve():
        total = count(account)
        own = _count_share(total, network)
        client = count(address(network))
        db.commit_early()
        yield
        _subtract(total, 1)  # first, since it locks the row
        failed = _delete(own) - 1
        if failed > 0:
            _subtract(total, failed)
        _subtract(client, 1)
        _delete_zero(total, client)
        db.commit_early()  # release all locks: a slow password hash may follow


@contextmanager
def password_check(subject: Subject) -> Iterator[None]:
    """Count a password of a logged-in caller before it is compared in the block.

    A correct password resets the count. Raises RateLimited or Unavailable.
    """
    with passwords.reserve():
        counter = count(subject)
        db.commit_early()
        yield
        _delete(counter)
        db.commit_early()


def count(subject: Subject) -> Counter:
    """Count an attempt in the open transaction; raises RateLimited beyond the limit.

    An attempt beyond the limit is not stored: the transaction is rolled back.
    """
    now = clock.now()
    counter = _increment(subject, now + subject.window, LoginAttempts.expires_at <= now)
    if counter.number > subject.limit:
        # Read the clock again: we may have waited for a lock.
        remaining = counter.expires_at - clock.now()
        # Round up: a client that waits too briefly is rejected again.
        wait = max(1, math.ceil(remaining.total_seconds()))
        metrics.count_limit(subject.kind)
        log.warning("attempt limit reached", **subject.log_fields())
        raise RateLimited(retry_after=wait)
    return counter


def unlock(user_id: int) -> None:
    """Delete the login attempts that are counted for an account."""
    subject = LoginAttempts.subject == account(user_id).digest
    db.session.execute(delete(LoginAttempts).where(subject))


def purge() -> int:
    """Delete expired counters; return the number of rows."""
    return statements.delete_all(LoginAttempts, LoginAttempts.expires_at <= clock.now())


def _count_share(total: Counter, network: str) -> Counter:
    """Count the attempts of one network for an account, with the same expiry."""
    share = Subject(f"{total.subject.name} from {network}", MAX_PER_ACCOUNT)
    is_outdated = LoginAttempts.expires_at != total.expires_at
    return _increment(share, total.expires_at, is_outdated)


def _increment(
    subject: Subject, expires_at: datetime, is_expired: ColumnElement[bool]
) -> Counter:
    """Add one to the stored number, or start at one if the stored counter expired."""
    first = {"number": 1, "expires_at": expires_at}
    number = case((is_expired, 1), else_=LoginAttempts.number + 1)
    end = case((is_expired, expires_at), else_=LoginAttempts.expires_at)
    statement = (
        statements.upsert(LoginAttempts)
        .values(subject=subject.digest, **first)
        .on_conflict_do_update(
            index_elements=[LoginAttempts.subject],
            set_={"number": number, "expires_at": end},
        )
        .returning(LoginAttempts.number, LoginAttempts.expires_at)
    )
    return Counter(subject, *db.session.execute(statement).one())


def _is_row_of(counter: Counter) -> ColumnElement[bool]:
    """Return the condition for the row of a counter, unless a later one replaced it."""
    return and_(
        LoginAttempts.subject == counter.subject.digest,
        LoginAttempts.expires_at == counter.expires_at,
    )


def _subtract(counter: Counter, number: int) -> None:
    statement = update(LoginAttempts).where(_is_row_of(counter))
    db.session.execute(statement.values(number=LoginAttempts.number - number))


def _delete(counter: Counter) -> int:
    """Delete a counter; return its number of attempts."""
    statement = delete(LoginAttempts).where(_is_row_of(counter))
    return db.session.scalar(statement.returning(LoginAttempts.number)) or 0


def _delete_zero(*counters: Counter) -> None:
    subjects = [counter.subject.digest for counter in counters]
    zero = and_(LoginAttempts.subject.in_(subjects), LoginAttempts.number <= 0)
    db.session.execute(delete(LoginAttempts).where(zero))
