"""Transactions: the begin and end of each, reads, and single statements.

`read()` runs in autocommit. The first use of `session` begins the one transaction of a
request; `transactional` commits it when the view returns and rolls it back when the
view raises. Commands do the same with `transaction()`. `write(..., alone=True)` is the
exception: the single statement of a request commits by itself.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import current_app
from sqlalchemy import Connection, Executable, event
from sqlalchemy.orm import Session, SessionTransaction

from taskapi.db import deadline, engine, errors
from taskapi.db.base import database, session
from taskapi.db.compiled import (
    CompiledStatement,
    DirectConnection,
    Parameters,
    R,
    run,
)
from taskapi.db.write_queue import WriteQueue
from taskapi.errors import Collision, Unavailable

P = ParamSpec("P")
Result = TypeVar("Result")

MAX_ATTEMPTS = 3
writers = WriteQueue()


@event.listens_for(session, "after_transaction_create")
def _enter(created: Session, transaction: SessionTransaction) -> None:
    """Wait for earlier writers before taking a connection, which reads may need."""
    if transaction.parent is None and created.get_bind().dialect.name == "sqlite":
        _wait_to_write()
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
        with DirectConnection(database.engine) as direct:
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
    with _queued(), DirectConnection(database.engine) as connection:
        return statement.run(connection, parameters)


def try_write(statement: CompiledStatement, parameters: Parameters) -> None:
    """Run a statement outside of the transaction, if no lock prevents it.

    It neither waits nor raises: for writes that a read must not depend on.
    """
    with (
        suppress(Unavailable, *errors.ERRORS),
        _queued(0),
        DirectConnection(database.engine) as connection,
        engine.without_waiting(connection, lock_timeout()),
    ):
        statement.run(connection, parameters)


def lock_timeout() -> float:
    """Return how many seconds a request of this app waits for the lock of SQLite."""
    return engine.sqlite_lock_timeout(current_app.extensions["settings"])


@contextmanager
def _queued(timeout: float | None = None) -> Iterator[None]:
    """Wait for earlier writers of this process if the database is SQLite."""
    on_sqlite = database.engine.dialect.name == "sqlite"
    if on_sqlite:
        _wait_to_write(timeout)
    try:
        yield
    finally:
        if on_sqlite:
            writers.release()


def _wait_to_write(timeout: float | None = None) -> None:
    """Wait for earlier writers, and leave time to wait for other processes."""
    settings = current_app.extensions["settings"]
    if timeout is None:
        wait = engine.sqlite_lock_timeout(settings)
        timeout = min(wait, deadline.remaining() - wait)
    # threads beyond these serve reads while a writer waits for another process
    reserved = max(1, settings.threads // 6)
    max_waiting = max(1, settings.threads - 1 - reserved)
    if timeout < 0 or not writers.acquire(timeout, max_waiting=max_waiting):
        raise Unavailable(retry_after=1)


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
            database.engine.dispose()
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
        with deadline.Deadline(seconds):
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
    """Commit what was written so far, although the response will be an error.

    Reserved for data that an attacker must not undo by failing, such as the revocation
    of a session whose refresh token was stolen.
    """
    session.commit()


def undo() -> None:
    """Roll back the transaction, with all that the request has written."""
    session.rollback()
