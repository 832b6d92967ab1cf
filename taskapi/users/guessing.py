"""Guessing of passwords: counted in the database, for each account and each address.

A guess is counted and committed before the password is looked at, so that the count
holds across workers, instances and crashes, and parallel guesses do not slip through.
The right password takes its own count back. Letters to an email are counted alike.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

import structlog
from sqlalchemy import case, delete, update

from taskapi import clock, db, metrics, rows
from taskapi.errors import RateLimited, Unavailable
from taskapi.users.models import Guess

log = structlog.get_logger()

WINDOW = timedelta(minutes=15)
OF_ACCOUNT = 10
FROM_ADDRESS = 100
LETTERS = 5


class Subject(NamedTuple):
    """What guesses are counted for, and how many there may be in 15 minutes."""

    name: str
    most: int

    @property
    def kind(self) -> str:
        """Return whether it is an account, a login, an address or letters."""
        return self.name.partition(" ")[0]

    def shown(self) -> dict[str, str]:
        """Return what the log says of it: an account, but no address and no name."""
        if self.kind != "account":
            return {"subject": self.kind}
        return {"subject": self.kind, "account_id": self.name.partition(" ")[2]}

    @property
    def digest(self) -> str:
        """Return what is stored: names that do not exist are kept like others."""
        return hashlib.sha256(self.name.encode()).hexdigest()


def account(user_id: int) -> Subject:
    """Count for an account, whichever of its names was used."""
    return Subject(f"account {user_id}", OF_ACCOUNT)


def login(name: str) -> Subject:
    """Count for a name that no account has, as if one had it."""
    return Subject(f"login {name}", OF_ACCOUNT)


def address(network: str) -> Subject:
    """Count for the network of a client, which is one address with IPv4."""
    return Subject(f"address {network}", FROM_ADDRESS)


def letters(email: str) -> Subject:
    """Count for who gets letters, whether an account has the email or not."""
    return Subject(f"letters {email}", LETTERS)


@contextmanager
def counted(*subjects: Subject) -> Iterator[None]:
    """Count a guess; raises RateLimited instead of letting one more be made.

    The block checks the password. When it raises, the guess stays counted, unless the
    service was too busy to look at the password.
    """
    for subject in subjects:
        count(subject)
    db.commit_despite_refusal()
    try:
        yield
    except Unavailable:
        for subject in subjects:
            _take_back(subject)
        db.commit_despite_refusal()
        raise
    _forgive(subjects)
    db.commit_despite_refusal()  # what follows may hash, and must hold no lock then


def count(subject: Subject) -> None:
    """Count once more within the open transaction; raises RateLimited beyond it."""
    now = clock.now()
    over = Guess.expires_at <= now
    fresh = {"number": 1, "expires_at": now + WINDOW}
    statement = (
        rows.upsert(Guess)
        .values(subject=subject.digest, **fresh)
        .on_conflict_do_update(
            index_elements=[Guess.subject],
            set_={
                "number": case((over, 1), else_=Guess.number + 1),
                "expires_at": case((over, now + WINDOW), else_=Guess.expires_at),
            },
        )
        .returning(Guess.number, Guess.expires_at)
    )
    guess = db.session.execute(statement).one()
    if guess.number > subject.most:
        db.commit_despite_refusal()
        left = guess.expires_at - clock.now()  # now, after who knows how long a queue
        wait = max(1, math.ceil(left.total_seconds()))
        metrics.count_limit(subject.kind)
        log.warning("guesses refused", **subject.shown())
        raise RateLimited(retry_after=wait)


def forget(user_id: int) -> None:
    """Lift the lock of an account."""
    _forgive([account(user_id)])


def _forgive(subjects: Sequence[Subject]) -> None:
    """Forget the guesses of an account, and this one of an address."""
    for subject in subjects:
        if subject.most == OF_ACCOUNT:
            db.session.execute(delete(Guess).where(Guess.subject == subject.digest))
        else:
            _take_back(subject)


def _take_back(subject: Subject) -> None:
    one = update(Guess).where(Guess.subject == subject.digest)
    db.session.execute(one.values(number=Guess.number - 1))


def purge() -> int:
    """Forget what no longer counts; return how much that was."""
    return rows.delete_all(Guess, Guess.expires_at <= clock.now())
