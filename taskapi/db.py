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
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    Connection,
    Executable,
    MetaData,
    event,
    exc,
    make_url,
    text,
)
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    SessionTransaction,
    mapped_column,
)

from taskapi import clock
from taskapi.columns import Id, UtcDateTime
from taskapi.errors import Collision, Unavailable
from taskapi.prepared import Prepared, run

if TYPE_CHECKING:
    from config import Settings

P = ParamSpec("P")
R = TypeVar("R")

log = structlog.get_logger()

POOL_WAIT_SECONDS = 4
LOCK_WAIT_SECONDS = 5
CONNECT_SECONDS = 3
USES_BEFORE_PREPARED = 2
RECYCLE_SECONDS = 1800
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
    wait = {"timeout": LOCK_WAIT_SECONDS}
    reach = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "taskapi",
        "prepare_threshold": USES_BEFORE_PREPARED
        if settings.database_prepare
        else None,
    }
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "isolation_level": "AUTOCOMMIT",
        "pool_size": settings.threads + 1,  # and the one that works in the background
        "max_overflow": 0,
        "pool_timeout": POOL_WAIT_SECONDS,
        "pool_recycle": RECYCLE_SECONDS,
        "pool_use_lifo": True,
        "hide_parameters": True,
        "connect_args": wait if on_sqlite else reach,
    }
    database.init_app(app)
    if on_sqlite:
        with app.app_context():
            event.listen(database.engine, "connect", _prepare_sqlite)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Keep constraints, let readers pass the writer, sync each commit to the disk."""
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


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
    begin(connection)


@event.listens_for(session, "after_transaction_end")
def _end(ended: Session, transaction: SessionTransaction) -> None:
    """Let the next writer in."""
    if transaction.parent is None and ended.info.pop("writes", False):
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
    with database.engine.connect() as connection:
        return run(connection, statement, parameters)


def write(
    statement: Prepared, parameters: dict[str, Any], *, alone: bool
) -> Sequence[AnyRow]:
    """Run a statement in the transaction of the request, and return its rows.

    The only one of its request commits by itself where no transaction is open.
    """
    if not alone or _in_transaction():
        return statement.run(session.connection(), parameters)
    with database.engine.connect() as connection, _queued(connection):
        return statement.run(connection, parameters)


@contextmanager
def _queued(connection: Connection) -> Iterator[None]:
    """Wait in the queue of the process where a database has one writer at a time."""
    if connection.dialect.name != "sqlite":
        yield
        return
    _queue()
    try:
        yield
    finally:
        writers.release()


def _queue() -> None:
    if not writers.acquire(timeout=LOCK_WAIT_SECONDS):
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
        cause = getattr(error, "orig", None) or error
        if getattr(cause, "sqlstate", None) in COLLISIONS:
            raise Collision(retry_after=1) from error
        log.warning("database out of reach", cause=str(cause).partition("\n")[0])
        raise Unavailable(retry_after=1) from error
    except exc.InternalError as error:
        _leave_reader(error)
        raise
    except exc.IntegrityError as error:
        # a race with a request that took away what this one refers to: once more
        raise Unavailable(retry_after=1) from error
    finally:
        session.remove()


def _leave_reader(error: exc.InternalError) -> None:
    """Give up connections that lead to what is no longer the primary."""
    if getattr(error.orig, "sqlstate", None) == READ_ONLY:
        log.warning("database takes no writes")
        session.remove()
        database.engine.dispose()
        raise Unavailable(retry_after=1) from error


def transactional(view: Callable[P, R]) -> Callable[P, R]:
    """Run a view, its serialization included, in one transaction.

    One that collided with another is done again, as a whole.
    """

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
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


def wait_briefly() -> None:
    """Let no statement of this transaction wait for a row longer than for a lock."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT_SECONDS}s'"))
