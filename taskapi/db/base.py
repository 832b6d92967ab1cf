"""The database: base model, and when a transaction begins and ends.

`read()` runs in autocommit. The first use of `session` begins the one transaction of a
request (BEGIN IMMEDIATE on SQLite); `transactional` commits it when the view returns
and rolls it back when the view raises. Commands do the same with `transaction()`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Executable, MetaData, event, make_url
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    SessionTransaction,
    mapped_column,
)

from taskapi import clock
from taskapi.db import deadline, errors, pool
from taskapi.db.compiled import CompiledStatement, Direct, run
from taskapi.db.types import Id, UtcDateTime
from taskapi.db.write_queue import WriteQueue
from taskapi.errors import Collision, Unavailable

if TYPE_CHECKING:
    from config import Settings

P = ParamSpec("P")
R = TypeVar("R")

LOCK_WAIT_SECONDS = 5
USES_BEFORE_PREPARED = 2
KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
TRIES = 3
AnyRow = Any
"""A row as SQLAlchemy returns it: each column is an attribute."""


class Model(DeclarativeBase):
    """A table with an id that is never used twice, and the times of its rows."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, int: Id}
    __table_args__: Any = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(Id, primary_key=True, sort_order=-1)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)


database = SQLAlchemy(metadata=Model.metadata)
session = database.session
writers = WriteQueue()


def init_app(app: Flask, settings: "Settings") -> None:
    """Make the engine of the app; nothing connects before the first statement."""
    url = make_url(settings.database_url)
    on_sqlite = url.get_backend_name() == "sqlite"
    wait = {
        "timeout": _lock_wait(settings),
        "cached_statements": pool.CACHED_STATEMENTS,
    }
    uses = USES_BEFORE_PREPARED if settings.database_prepare else None
    named = {"application_name": "taskapi", "prepare_threshold": uses}
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "isolation_level": "AUTOCOMMIT",
        "poolclass": pool.Pool,
        "pool_size": settings.threads + 1,  # and the one that works in the background
        "max_overflow": 0,
        "pool_timeout": min(pool.POOL_WAIT_SECONDS, settings.request_timeout / 2),
        "pool_recycle": pool.RECYCLE_SECONDS,
        "pool_use_lifo": True,
        "pool_reset_on_return": "rollback" if on_sqlite else None,
        "hide_parameters": True,
        "query_cache_size": pool.CACHED_QUERIES,
        "connect_args": wait if on_sqlite else KEEPALIVE | named,
    }
    database.init_app(app)
    with app.app_context():
        if on_sqlite:
            pool.guard_sqlite(database.engine)
        deadline.guard(database.engine)
        if not on_sqlite:
            event.listen(database.engine, "connect", pool.prepare_postgresql)
            event.listen(database.engine, "reset", _roll_back)


def lock_wait() -> float:
    """Return for how many seconds a request of this app waits for a lock of SQLite."""
    return _lock_wait(current_app.extensions["settings"])


def _lock_wait(settings: "Settings") -> float:
    """Return for how long SQLite waits for the lock, which nothing can interrupt."""
    return min(LOCK_WAIT_SECONDS, settings.request_timeout / 2)


def _roll_back(connection: Any, *_details: object) -> None:
    """End an open transaction; a rollback without one costs the driver time."""
    if connection.pgconn.transaction_status != TransactionStatus.IDLE:
        connection.rollback()


@event.listens_for(session, "after_transaction_create")
def _enter(created: Session, transaction: SessionTransaction) -> None:
    """Wait for earlier writers before a connection is taken, which reads may need."""
    if transaction.parent is None and created.get_bind().dialect.name == "sqlite":
        _queue()
        created.info["writes"] = True


@event.listens_for(session, "after_begin")
def _begin(
    _session: Session, transaction: SessionTransaction, connection: Connection
) -> None:
    """Open the transaction that the autocommit engine leaves to us.

    SQLite takes the write lock at once: a transaction that begins as a reader cannot
    wait for it later, it fails.
    """
    if transaction.nested:
        return
    deadline.enter(connection)
    begin(connection)


@event.listens_for(session, "after_transaction_end")
def _end(ended: Session, transaction: SessionTransaction) -> None:
    """Let the next writer in."""
    if transaction.parent is None:
        deadline.release()
        if ended.info.pop("writes", False):
            writers.release()


def begin(connection: Connection) -> None:
    """Begin a transaction for writing on a connection of the autocommit engine."""
    on_sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql("BEGIN IMMEDIATE" if on_sqlite else "BEGIN")


def read(
    statement: Executable | CompiledStatement, parameters: dict[str, Any] | None = None
) -> Sequence[AnyRow]:
    """Return all rows of a query, seen from the open transaction if there is one."""
    if in_transaction():
        return run(session.connection(), statement, parameters)
    with _opened(statement) as connection, _watched(connection):
        return run(connection, statement, parameters)


def write(
    statement: CompiledStatement, parameters: dict[str, Any], *, alone: bool
) -> Sequence[AnyRow]:
    """Run a statement in the transaction of the request, and return its rows.

    The only one of its request commits by itself where no transaction is open.
    """
    if not alone or in_transaction():
        return statement.run(session.connection(), parameters)
    with _queued(), Direct(database.engine) as connection, _watched(connection):
        return statement.run(connection, parameters)


def try_write(statement: CompiledStatement, parameters: dict[str, Any]) -> None:
    """Run a statement apart from the request, if nothing is in its way.

    It neither waits for locks nor raises: for what a read must not depend on.
    """
    timeout = _lock_wait(current_app.extensions["settings"])
    with (
        suppress(Unavailable, *errors.ERRORS),
        _queued(0),
        Direct(database.engine) as connection,
        _watched(connection),
        pool.without_waiting(connection, timeout),
    ):
        statement.run(connection, parameters)


def _opened(statement: Executable | CompiledStatement) -> Any:
    engine = database.engine
    return (
        Direct(engine) if isinstance(statement, CompiledStatement) else engine.connect()
    )


@contextmanager
def _watched(connection: Any) -> Iterator[None]:
    """Let the watchdog end what waits on a connection."""
    deadline.enter(connection)
    try:
        yield
    finally:
        deadline.release()


@contextmanager
def _queued(timeout: float | None = None) -> Iterator[None]:
    """Wait in the queue of the process where a database has one writer at a time."""
    on_sqlite = database.engine.dialect.name == "sqlite"
    if on_sqlite:
        _queue(timeout)
    try:
        yield
    finally:
        if on_sqlite:
            writers.release()


def _queue(timeout: float | None = None) -> None:
    """Wait for earlier writers, and leave time to wait for other processes."""
    settings = current_app.extensions["settings"]
    if timeout is None:
        wait = _lock_wait(settings)
        timeout = min(wait, deadline.remaining() - wait)
    for_reads = max(1, settings.threads // 6)
    patient = max(1, settings.threads - 1 - for_reads)
    if timeout < 0 or not writers.acquire(timeout, patient=patient):
        raise Unavailable(retry_after=1)


def in_transaction() -> bool:
    """Tell whether the request has an open transaction."""
    return session.registry.has() and session().in_transaction()


@contextmanager
def transaction() -> Iterator[None]:
    """Commit at the end of the block, roll back when it raises."""
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


def transactional(view: Callable[P, R], *, seconds: float) -> Callable[P, R]:
    """Run a view, its serialization included, in one transaction, for so long at most.

    One that collided with another, or met a stale plan, is repeated as a whole.
    """

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with deadline.Limit(seconds):
            for _ in range(TRIES - 1):
                with suppress(Collision), transaction():
                    return view(*args, **kwargs)
            with transaction():
                return view(*args, **kwargs)

    return wrapper


@contextmanager
def dry_run() -> Iterator[None]:
    """Undo at the end what the block did, and nothing before it."""
    savepoint = session.begin_nested()
    yield
    savepoint.rollback()


def commit_early() -> None:
    """Keep what was written so far although the request will be refused.

    For what an attacker must not undo by failing, such as the end of a session whose
    refresh token was stolen.
    """
    session.commit()


def undo() -> None:
    """End the transaction, and keep nothing of what the request did so far."""
    session.rollback()
