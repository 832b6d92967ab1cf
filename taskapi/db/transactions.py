"""Transactions: the begin and end of each, reads, and single statements.

`read()` runs in autocommit. The first use of `session` begins the one transaction of a
request; `transactional` commits it when the view returns and rolls it back when the
view raises. Commands do the same with `transaction()`. These commit by themselves:
`write(..., alone=True)` the single write of a request, `try_write()`, `commit_early()`.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from threading import Condition
from typing import ParamSpec, TypeVar

from flask import current_app
from sqlalchemy import Connection, Executable, event
from sqlalchemy.orm import Session, SessionTransaction

from taskapi.db import deadline, engine, errors
from taskapi.db.base import database, session
from taskapi.db.compiled import (
    CompiledStatement,
    Parameters,
    R,
    connect,
    replace_connections,
    run,
)
from taskapi.errors import Collision, Unavailable
from taskapi.server.scheduling import release_slot

P = ParamSpec("P")
Result = TypeVar("Result")

MAX_ATTEMPTS = 3
STUCK_SECONDS = 0.5
"""A writer that takes longer is waiting for the lock of another process."""


class WriteQueue:
    """The writers of one process on SQLite, which has one writer at a time.

    SQLite's own lock is not fair: a waiting thread polls it. With 16 writers the
    slowest response took 4.1 seconds, close to the lock timeout, and takes 0.9 with
    this queue (p99 1.7 and 0.7). Writers wait here before they take a connection, so
    that connections stay free for reads: 17 waiting writers used to stop all reads.
    """

    def __init__(self) -> None:
        self.condition = Condition()
        self.acquired_at: float | None = None
        self.waiting = 0

    def acquire(self, timeout: float | None = None) -> None:
        """Wait for earlier writers; raises Unavailable after a timeout in seconds.

        The default leaves time to wait for other processes.
        """
        if timeout is None:
            wait = lock_timeout()
            timeout = min(wait, deadline.remaining() - wait)
        with self.condition:
            if timeout < 0 or not (self.acquired_at is None or self._wait(timeout)):
                raise Unavailable(retry_after=1)
            self.acquired_at = time.monotonic()

    def _wait(self, timeout: float) -> bool:
        """Return whether the writer has ended.

        While it is stuck some threads do not wait: they are needed for reads.
        """
        if timeout > 0:
            release_slot()
        threads = current_app.extensions["settings"].threads
        reserved = max(1, threads // 6)
        is_limited = self.waiting >= max(1, threads - 1 - reserved)
        wait_until = time.monotonic() + timeout
        self.waiting += 1
        try:
            while self.acquired_at is not None:
                stuck_at = self.acquired_at + STUCK_SECONDS
                until = min(wait_until, stuck_at) if is_limited else wait_until
                notified = self.condition.wait(max(0, until - time.monotonic()))
                if not notified and self.acquired_at is not None:
                    return False
            return True
        finally:
            self.waiting -= 1

    def release(self) -> None:
        """Admit the next writer."""
        with self.condition:
            self.acquired_at = None
            self.condition.notify()


writers = WriteQueue()


@event.listens_for(session, "after_transaction_create")
def _enter(created: Session, transaction: SessionTransaction) -> None:
    """Wait for earlier writers before taking a connection, which reads may need."""
    if transaction.parent is None and created.get_bind().dialect.name == "sqlite":
        writers.acquire()
        created.info["writes"] = True


@event.listens_for(session, "after_begin")
def _begin(
    _session: Session, transaction: SessionTransaction, connection: Connection
) -> None:
    """Open the transaction: the autocommit engine begins none."""
    if transaction.nested:
        return
    deadline.interrupt_by(connection.info["interrupt"])
    engine.begin(connection)


@event.listens_for(session, "after_transaction_end")
def _end(ended: Session, transaction: SessionTransaction) -> None:
    """Admit the next writer."""
    if transaction.parent is None:
        deadline.interrupt_by(None)
        if ended.info.pop("writes", False):
            writers.release()


def read(
    statement: Executable | CompiledStatement[R], parameters: Parameters | None = None
) -> Sequence[R]:
    """Return all rows of a query, in the open transaction if there is one."""
    if in_transaction():
        return run(session.connection(), statement, parameters)
    if isinstance(statement, CompiledStatement):
        with connect(database.engine) as direct:
            return statement.run(direct, parameters or {})
    with database.engine.connect() as connection:
        deadline.interrupt_by(connection.info["interrupt"])
        try:
            return run(connection, statement, parameters)
        finally:
            deadline.interrupt_by(None)


def write(
    statement: CompiledStatement[R], parameters: Parameters, *, alone: bool
) -> Sequence[R]:
    """Run a statement in the transaction of the request and return its rows.

    With `alone` it commits by itself, unless a transaction is open.
    """
    if not alone or in_transaction():
        return statement.run(session.connection(), parameters)
    with _queued(), connect(database.engine) as connection:
        return statement.run(connection, parameters)


def try_write(statement: CompiledStatement, parameters: Parameters) -> None:
    """Run a statement outside of the transaction, if no lock prevents it.

    It neither waits nor raises: for writes that a read must not depend on.
    """
    with (
        suppress(Unavailable, *errors.ERRORS),
        _queued(0),
        connect(database.engine) as connection,
        engine.without_waiting(connection, lock_timeout()),
    ):
        statement.run(connection, parameters)


def lock_timeout() -> float:
    """Return how many seconds a request of this app waits for the lock of SQLite."""
    return float(current_app.config["SQLITE_LOCK_TIMEOUT"])


@contextmanager
def _queued(timeout: float | None = None) -> Iterator[None]:
    """Wait for earlier writers of this process if the database is SQLite."""
    on_sqlite = database.engine.dialect.name == "sqlite"
    if on_sqlite:
        writers.acquire(timeout)
    try:
        yield
    finally:
        if on_sqlite:
            writers.release()


def in_transaction() -> bool:
    """Return whether the request has an open transaction."""
    return session.registry.has() and session().in_transaction()


@contextmanager
def transaction() -> Iterator[None]:
    """Commit at the end of the block; roll back if it raises."""
    try:
        yield
        if in_transaction():
            session.commit()
    except errors.ERRORS as error:
        if errors.needs_new_connections(error):
            session.remove()
            replace_connections(database.engine)
        raise errors.problem_of(error) from error
    finally:
        session.remove()


def transactional(view: Callable[P, Result], *, seconds: float) -> Callable[P, Result]:
    """Run a view, including serialization, in one transaction and within a deadline.

    If its transaction collides with another one, or meets a stale plan, the view is run
    again.
    """

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Result:
        with deadline.limit(seconds):
            for _ in range(MAX_ATTEMPTS - 1):
                with suppress(Collision), transaction():
                    return view(*args, **kwargs)
            with transaction():
                return view(*args, **kwargs)

    return wrapper


@contextmanager
def dry_run() -> Iterator[None]:
    """Roll back the block, but nothing that was written before it."""
    savepoint = session.begin_nested()
    yield
    savepoint.rollback()


def commit_early() -> None:
    """Commit what was written so far, although the response may be an error.

    Reserved for data that an attacker must not undo by failing: counted logins, and the
    revocation of a session whose refresh token was stolen.
    """
    session.commit()


def undo() -> None:
    """Roll back the transaction, with all that the request has written."""
    session.rollback()
