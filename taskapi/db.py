"""The database: base model, and when a transaction begins and ends.

`read()` runs in autocommit. The first use of `session` begins the one transaction of a
request (BEGIN IMMEDIATE on SQLite); `transactional` commits it when the view returns
and rolls it back when the view raises. Commands do the same with `transaction()`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import wraps
from threading import Lock
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import structlog
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Executable, MetaData, event, exc, make_url
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    SessionTransaction,
    mapped_column,
)

from taskapi import clock, watchdog
from taskapi.columns import Id, UtcDateTime
from taskapi.errors import Collision, Unavailable
from taskapi.pool import Pool, prepare_sqlite
from taskapi.prepared import Direct, Prepared, run

if TYPE_CHECKING:
    from config import Settings

P = ParamSpec("P")
R = TypeVar("R")

log = structlog.get_logger()

POOL_WAIT_SECONDS = 4
LOCK_WAIT_SECONDS = 5
USES_BEFORE_PREPARED = 2
RECYCLE_SECONDS = 1800
KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
TRIES = 3
COLLISIONS = {"40001", "40P01"}
"""Serialization failure and deadlock: both go away when the work is done again."""

READ_ONLY = "25006"
"""What a replica says to a write."""

AnyRow = Any
"""A row as SQLAlchemy returns it: each column is an attribute."""

OUT_OF_REACH = (
    exc.OperationalError,  # gone, refused, locked, full
    exc.InterfaceError,
    exc.TimeoutError,  # of the pool
    exc.ProgrammingError,  # not migrated; SQLite calls that operational
)


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
writers = Lock()


def init_app(app: Flask, settings: "Settings") -> None:
    """Make the engine of the app; nothing connects before the first statement."""
    url = make_url(settings.database_url)
    on_sqlite = url.get_backend_name() == "sqlite"
    wait = {"timeout": _lock_wait(settings)}
    uses = USES_BEFORE_PREPARED if settings.database_prepare else None
    named = {"application_name": "taskapi", "prepare_threshold": uses}
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "isolation_level": "AUTOCOMMIT",
        "poolclass": Pool,
        "pool_size": settings.threads + 1,  # and the one that works in the background
        "max_overflow": 0,
        "pool_timeout": min(POOL_WAIT_SECONDS, settings.request_timeout / 2),
        "pool_recycle": RECYCLE_SECONDS,
        "pool_use_lifo": True,
        "pool_reset_on_return": "rollback" if on_sqlite else None,
        "hide_parameters": True,
        "connect_args": wait if on_sqlite else KEEPALIVE | named,
    }
    database.init_app(app)
    with app.app_context():
        watchdog.guard(database.engine)
        if on_sqlite:
            event.listen(database.engine, "connect", prepare_sqlite)
        else:
            event.listen(database.engine, "reset", _roll_back)


def _lock_wait(settings: "Settings") -> float:
    """Return for how long SQLite waits for the lock, which nothing can interrupt."""
    return min(LOCK_WAIT_SECONDS, settings.request_timeout / 2)


def _roll_back(connection: Any, *_about: object) -> None:
    """Undo what was begun and not ended; the driver takes long to find nothing."""
    if connection.pgconn.transaction_status != TransactionStatus.IDLE:
        connection.rollback()


@event.listens_for(session, "after_begin")
def _begin(
    begun: Session, transaction: SessionTransaction, connection: Connection
) -> None:
    """Open the transaction that the autocommit engine leaves to us.

    SQLite takes the write lock at once: a transaction that begins as a reader cannot
    wait for it later, it fails. Writers of one process queue here, since SQLite itself
    lets who waits longest wait on.
    """
    if transaction.nested:
        return
    if connection.dialect.name == "sqlite":
        _queue()
        begun.info["writes"] = True
    watchdog.hold(connection)
    begin(connection)


@event.listens_for(session, "after_transaction_end")
def _end(ended: Session, transaction: SessionTransaction) -> None:
    """Let the next writer in."""
    if transaction.parent is None:
        watchdog.release()
        if ended.info.pop("writes", False):
            writers.release()


def begin(connection: Connection) -> None:
    """Begin a transaction for writing on a connection of the autocommit engine."""
    on_sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql("BEGIN IMMEDIATE" if on_sqlite else "BEGIN")


def read(
    statement: Executable | Prepared, parameters: dict[str, Any] | None = None
) -> Sequence[AnyRow]:
    """Return all rows of a query, seen from the open transaction if there is one."""
    if _in_transaction():
        return run(session.connection(), statement, parameters)
    with _opened(statement) as connection:
        watchdog.hold(connection)
        try:
            return run(connection, statement, parameters)
        finally:
            watchdog.release()


def write(
    statement: Prepared, parameters: dict[str, Any], *, alone: bool
) -> Sequence[AnyRow]:
    """Run a statement in the transaction of the request, and return its rows.

    The only one of its request commits by itself where no transaction is open.
    """
    if not alone or _in_transaction():
        return statement.run(session.connection(), parameters)
    with Direct(database.engine) as connection, _queued(connection):
        return statement.run(connection, parameters)


def _opened(statement: Executable | Prepared) -> Any:
    engine = database.engine
    return Direct(engine) if isinstance(statement, Prepared) else engine.connect()


@contextmanager
def _queued(connection: Direct) -> Iterator[None]:
    """Wait in the queue of the process where a database has one writer at a time."""
    on_sqlite = connection.dialect.name == "sqlite"
    if on_sqlite:
        _queue()
    watchdog.hold(connection)
    try:
        yield
    finally:
        watchdog.release()
        if on_sqlite:
            writers.release()


def _queue() -> None:
    """Wait for the writers before, and leave time to wait for other processes."""
    wait = _lock_wait(current_app.extensions["settings"])
    patience = min(wait, watchdog.left() - wait)
    if patience < 0 or not writers.acquire(timeout=patience):
        raise Unavailable(retry_after=1)


def _in_transaction() -> bool:
    return session.registry.has() and session().in_transaction()


@contextmanager
def transaction() -> Iterator[None]:
    """Commit at the end of the block, roll back when it raises."""
    try:
        yield
        if session.registry.has():
            session.commit()
    except OUT_OF_REACH as error:
        raise _unavailable(error) from error
    except exc.InternalError as error:
        _leave_reader(error)
        raise
    except exc.IntegrityError as error:
        # a race with a request that took away what this one refers to: once more
        raise Unavailable(retry_after=1) from error
    finally:
        session.remove()


def _unavailable(error: Exception) -> Unavailable:
    """Log why the database cannot serve; a collision is worth another try."""
    cause = getattr(error, "orig", None) or error
    if getattr(cause, "sqlstate", None) in COLLISIONS:
        return Collision(retry_after=1)
    told = "no answer in time" if watchdog.left() < 0 else str(cause)
    log.warning("database out of reach", cause=told.partition("\n")[0])
    return Unavailable(retry_after=1)


def _leave_reader(error: exc.InternalError) -> None:
    """Give up connections that lead to what is no longer the primary."""
    if getattr(error.orig, "sqlstate", None) == READ_ONLY:
        log.warning("database takes no writes")
        session.remove()
        database.engine.dispose()
        raise Unavailable(retry_after=1) from error


def transactional(view: Callable[P, R], *, seconds: float) -> Callable[P, R]:
    """Run a view, its serialization included, in one transaction, for so long at most.

    One that collided with another is done again, as a whole.
    """

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with watchdog.Limit(seconds):
            for _ in range(TRIES - 1):
                with suppress(Collision), transaction():
                    return view(*args, **kwargs)
            with transaction():
                return view(*args, **kwargs)

    return wrapper


@contextmanager
def rehearsal() -> Iterator[None]:
    """Undo at the end what the block did, and nothing before it."""
    savepoint = session.begin_nested()
    yield
    savepoint.rollback()


def commit_despite_refusal() -> None:
    """Keep what was written so far although the request will be refused.

    For what an attacker must not undo by failing, such as the end of a session whose
    refresh token was stolen.
    """
    session.commit()


def undo() -> None:
    """End the transaction, and keep nothing of what the request did so far."""
    session.rollback()
