"""Limits for wrong passwords: counted in the database, per account and per network.

An attempt is counted and committed before the password is compared, so that the limit
holds across workers, instances and crashes, and parallel attempts do not evade it. The
right password takes back what its own client has counted. Emails are counted alike.
"""

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from sqlalchemy import and_, case, delete, update

from taskapi import clock, db, passwords
from taskapi.db import statements
from taskapi.errors import RateLimited
from taskapi.observability import metrics
from taskapi.users.models import LoginAttempts

log = structlog.get_logger()

WINDOW = timedelta(minutes=15)
OF_ACCOUNT = 10
FROM_ADDRESS = 100
LETTERS = 5


class Subject(NamedTuple):
    """A name under which attempts are counted, and its limit within 15 minutes."""

    name: str
    most: int

    @property
    def kind(self) -> str:
        """Return the label of the limit in logs and metrics."""
        return self.name.partition(" ")[0]

    def shown(self) -> dict[str, str]:
        """Return the fields for the log: an account id, but no address and no name."""
        if self.kind != "account":
            return {"subject": self.kind}
        return {"subject": self.kind, "account_id": self.name.partition(" ")[2]}

    @property
    def digest(self) -> str:
        """Return the stored form, which shows no address and no name."""
        return hashlib.sha256(self.name.encode()).hexdigest()


class Count(NamedTuple):
    """A subject as counted last, and the end of its 15 minutes."""

    subject: Subject
    number: int
    expires_at: datetime


def account(user_id: int) -> Subject:
    """Count logins to an account, by any of its names."""
    return Subject(f"account {user_id}", OF_ACCOUNT)


def login(name: str) -> Subject:
    """Count logins with a name that no account has, as if one had it."""
    return Subject(f"login {name}", OF_ACCOUNT)


def address(network: str) -> Subject:
    """Count logins from the network of a client, which is one address with IPv4."""
    return Subject(f"address {network}", FROM_ADDRESS)


def proof(session_id: int | None, key_id: int | None) -> Subject:
    """Count passwords sent within a session or with an API key.

    They are counted apart from logins: failed logins of others must not keep the owner
    from changing the password, and another session must not either.
    """
    within = f"session {session_id}" if session_id else f"key {key_id}"
    return Subject(f"proof {within}", OF_ACCOUNT)


def letters(email: str) -> Subject:
    """Count emails to a recipient, with or without an account."""
    return Subject(f"letters {email}", LETTERS)


def notices(email: str) -> Subject:
    """Count notices to a recipient, apart: requested emails must not displace them."""
    return Subject(f"letters noticing {email}", LETTERS)


@contextmanager
def login_attempt(account: Subject, network: str) -> Iterator[None]:
    """Count a login before its password is compared in the block.

    The block has the hash slot, so that an attempt for which there is no slot is not
    counted. If it raises, the attempt stays counted; else failures from this network
    are forgotten, and those from others stay. Raises RateLimited or Unavailable.
    """
    with passwords.slot():
        total = count(account)
        own = _count_within(total, network)
        client = count(address(network))
        db.commit_early()
        yield
        _subtract(total, 1)  # first of all, since it locks the row
        failed = _delete(own) - 1
        if failed > 0:
            _subtract(total, failed)
        _subtract(client, 1)
        _delete_zero(total, client)
        db.commit_early()  # a hash may follow, without any lock


@contextmanager
def proof_attempt(subject: Subject) -> Iterator[None]:
    """Count a password of a logged-in caller before it is compared in the block.

    The right one resets the count. Raises RateLimited or Unavailable.
    """
    with passwords.slot():
        counted = count(subject)
        db.commit_early()
        yield
        _delete(counted)
        db.commit_early()


def count(subject: Subject) -> Count:
    """Count once more within the open transaction; raises RateLimited beyond the limit.

    An attempt beyond it need not be stored: the caller's transaction is rolled back.
    """
    now = clock.now()
    counted = _increment(subject, now + WINDOW, LoginAttempts.expires_at <= now)
    if counted.number > subject.most:
        left = counted.expires_at - clock.now()  # after a wait for the database
        wait = max(1, math.ceil(left.total_seconds()))
        metrics.count_limit(subject.kind)
        log.warning("guesses refused", **subject.shown())
        raise RateLimited(retry_after=wait)
    return counted


def forget(user_id: int) -> None:
    """Lift the lock of an account."""
    statement = delete(LoginAttempts).where(
        LoginAttempts.subject == account(user_id).digest
    )
    db.session.execute(statement)


def purge() -> int:
    """Delete counts whose 15 minutes have passed; return how many."""
    return statements.delete_all(LoginAttempts, LoginAttempts.expires_at <= clock.now())


def _count_within(total: Count, network: str) -> Count:
    """Count the share of a network in a total, for the same 15 minutes."""
    share = Subject(f"{total.subject.name} from {network}", OF_ACCOUNT)
    return _increment(
        share, total.expires_at, LoginAttempts.expires_at != total.expires_at
    )


def _increment(subject: Subject, ends_at: datetime, expired: Any) -> Count:
    """Add one to the stored number, or begin with one where that has expired."""
    fresh = {"number": 1, "expires_at": ends_at}
    statement = (
        statements.upsert(LoginAttempts)
        .values(subject=subject.digest, **fresh)
        .on_conflict_do_update(
            index_elements=[LoginAttempts.subject],
            set_={
                "number": case((expired, 1), else_=LoginAttempts.number + 1),
                "expires_at": case((expired, ends_at), else_=LoginAttempts.expires_at),
            },
        )
        .returning(LoginAttempts.number, LoginAttempts.expires_at)
    )
    return Count(subject, *db.session.execute(statement).one())


def _same(counted: Count) -> Any:
    """Return the condition for the row of these 15 minutes, and no later ones."""
    return and_(
        LoginAttempts.subject == counted.subject.digest,
        LoginAttempts.expires_at == counted.expires_at,
    )


def _subtract(counted: Count, number: int) -> None:
    statement = update(LoginAttempts).where(_same(counted))
    db.session.execute(statement.values(number=LoginAttempts.number - number))


def _delete(counted: Count) -> int:
    """Delete a count; return what it was."""
    statement = (
        delete(LoginAttempts).where(_same(counted)).returning(LoginAttempts.number)
    )
    return db.session.scalar(statement) or 0


def _delete_zero(*counts: Count) -> None:
    subjects = [counted.subject.digest for counted in counts]
    empty = and_(LoginAttempts.subject.in_(subjects), LoginAttempts.number <= 0)
    db.session.execute(delete(LoginAttempts).where(empty))
