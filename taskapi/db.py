"""The database: base model, and when a transaction begins and ends.

`read()` runs in autocommit. The first use of `session` begins the one transaction of a
request (BEGIN IMMEDIATE on SQLite); `transactional` commits it when the view returns
and rolls it back when the view raises. Commands do the same with `transaction()`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import structlog
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    MetaData,
    Result,
    delete,
    event,
    exc,
    make_url,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    SessionTransaction,
    mapped_column,
)

from taskapi import clock
from taskapi.columns import Id, UtcDateTime
from taskapi.errors import AlreadyExists, Collision, Unavailable
from taskapi.prepared import Prepared, run

if TYPE_CHECKING:
    from config import Settings

P = ParamSpec("P")
R = TypeVar("R")

log = structlog.get_logger()

POOL_WAIT_SECONDS = 4
LOCK_WAIT_SECONDS = 5
CONNECT_SECONDS = 3
RECYCLE_SECONDS = 1800
BATCH = 1_000
TRIES = 3
COLLISIONS = {"40001", "40P01"}
"""Serialization failure and deadlock: both go away when the work is done again."""

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
MIGRATIONS = Path(__file__).parent.parent / "migrations"
writers = Lock()
migrate = Migrate(directory=str(MIGRATIONS))


def init_app(app: Flask, settings: "Settings") -> None:
    """Make the engine of the app; nothing connects before the first statement."""
    url = make_url(settings.database_url)
    on_sqlite = url.get_backend_name() == "sqlite"
    wait = {"timeout": LOCK_WAIT_SECONDS}
    reach = {"connect_timeout": CONNECT_SECONDS, "application_name": "taskapi"}
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
    migrate.init_app(app, database, render_as_batch=on_sqlite)
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
        if not writers.acquire(timeout=LOCK_WAIT_SECONDS):
            raise Unavailable(retry_after=1)
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
    if session.registry.has() and session().in_transaction():
        return run(session.connection(), statement, parameters).all()
    with database.engine.connect() as connection:
        return run(connection, statement, parameters).all()


def write(statement: Prepared, parameters: dict[str, Any]) -> Result[AnyRow]:
    """Run a statement in the transaction of the request."""
    return statement.run(session.connection(), parameters)


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
    except exc.IntegrityError as error:
        # a race with a request that took away what this one refers to: once more
        raise Unavailable(retry_after=1) from error
    finally:
        session.remove()


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


def delete_all(model: type[Model], scope: ColumnElement[bool]) -> int:
    """Delete the rows of a scope; return how many.

    A thousand in each transaction of its own, so that writers do not wait for long.
    """
    some = select(model.id).where(scope).order_by(model.id).limit(BATCH)
    some = some.with_for_update(skip_locked=True)
    statement = delete(model).where(model.id.in_(some)).returning(model.id)
    number, gone = 0, 1
    while gone:
        with transaction():
            gone = len(session.execute(statement).all())
        number += gone
    return number


def upsert(model: type[Model]) -> Any:
    """Return an INSERT that takes `on_conflict_do_update`; both databases know it."""
    name = session.get_bind().dialect.name
    return (sqlite if name == "sqlite" else postgresql).insert(model)


def commit_despite_refusal() -> None:
    """Keep what was written so far although the request will be refused.

    For what an attacker must not undo by failing, such as the end of a session whose
    refresh token was stolen.
    """
    session.commit()


def wait_briefly() -> None:
    """Let no statement of this transaction wait for a row longer than for a lock."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT_SECONDS}s'"))


@contextmanager
def unique(model: type[Model]) -> Iterator[None]:
    """Turn a taken unique value into AlreadyExists, which names the field.

    The transaction is over then, so that what is taken can be looked up.
    """
    try:
        yield
    except exc.IntegrityError as error:
        field = _taken(error, model)
        if field is None:
            raise
        session.rollback()
        sentence = f"This {field} is taken; choose another."
        raise AlreadyExists(sentence, field=field) from error


def _taken(error: exc.IntegrityError, model: type[Model]) -> str | None:
    """Find the column in PostgreSQL's name of the constraint, or in SQLite's message.

    PostgreSQL's message quotes the value, which may look like a column.
    """
    diagnosis = getattr(error.orig, "diag", None)
    said = str(diagnosis.constraint_name if diagnosis else error.orig)
    table = model.__tablename__
    names = [
        column.key
        for column in model.__table__.columns
        if f"uq_{table}_{column.key}" in said or f"{table}.{column.key}" in said
    ]
    return names[-1] if names else None
