"""The engine of an app: options, connection pool, settings of each connection."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
from flask import Flask
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Connection, QueuePool, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from taskapi.db import deadline
from taskapi.db.base import database
from taskapi.db.compiled import DirectConnection
from taskapi.typing import Fields

if TYPE_CHECKING:
    from config import Settings

POOL_TIMEOUT_SECONDS = 1
"""Short: behind a database that does not respond all connections are in use. Requests
that waited longer for one would occupy all threads, and no client would learn in time
that the database is unreachable."""

POOL_RECYCLE_SECONDS = 1800
MAX_CACHED_QUERIES = 32
"""Compiled queries of an engine; bounds the memory that unusual filters take."""

MAX_CACHED_STATEMENTS = 16
"""Prepared statements of each connection to SQLite."""

SQLITE_LOCK_TIMEOUT_SECONDS = 5
POSTGRESQL_LOCK_TIMEOUT_SECONDS = 2
"""More than a second: after one second PostgreSQL looks for a deadlock, and a request
that was part of one is repeated, while a lock timeout is a 503."""

EXECUTIONS_BEFORE_PREPARE = 2
KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}

BEGIN_WITHOUT_WAITING = (
    "BEGIN; SET LOCAL lock_timeout = 1; SET LOCAL synchronous_commit = off"
)
"""Wait neither for locked rows nor for a replica that must confirm the commit."""


class Pool(QueuePool):
    """A QueuePool that closes connections which are in use while it is disposed of.

    SQLAlchemy's pool keeps them when they return, although no request uses that pool
    again, and psycopg warns about connections that are collected while they are open.
    tests/system/test_stale_plans.py fails without this class.
    """

    is_disposed = False

    def dispose(self) -> None:
        """Close all connections that are not in use."""
        self.is_disposed = True
        super().dispose()

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        super()._do_return_conn(record)
        if self.is_disposed:  # perhaps by another thread during the line above
            super().dispose()


def init_app(app: Flask, settings: "Settings") -> None:
    """Configure the engine of the app. The first statement connects."""
    url = make_url(sqlalchemy_url(settings.database_url, "read-write"))
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLITE_LOCK_TIMEOUT"] = _sqlite_lock_timeout(settings)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _options(settings, url)
    database.init_app(app)
    with app.app_context():
        engine = database.engine
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", _create_private_file)
        event.listen(engine, "connect", prepare_sqlite)
    deadline.listen(engine)
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", prepare_postgresql)
        event.listen(engine, "reset", _roll_back)


def sqlalchemy_url(url: str, session_type: str) -> str:
    """Return a URL for SQLAlchemy: with psycopg 3, and several hosts in its format.

    libpq separates them by commas (one:5432,two:6432), SQLAlchemy has two options. Of
    several servers the one with this `target_session_attrs` is used.
    """
    scheme, _, address = url.partition("://")
    if scheme == "sqlite":
        return url
    authority, _, path = address.partition("/")
    account, at, hosts = authority.rpartition("@")
    servers = [urlsplit(f"//{host}") for host in hosts.split(",")]
    if len(servers) == 1:
        return f"postgresql+psycopg://{address}"
    names = ",".join(server.hostname or "" for server in servers)
    ports = ",".join(str(server.port or "") for server in servers)
    name, _, options = path.partition("?")
    options = "&".join([f"host={names}", f"port={ports}", *filter(None, [options])])
    if "target_session_attrs=" not in options:
        options += f"&target_session_attrs={session_type}"
    return f"postgresql+psycopg://{account}{at}/{name}?{options}"


def _options(settings: "Settings", url: URL) -> Fields:
    """Return the options of `create_engine`."""
    on_sqlite = url.get_backend_name() == "sqlite"
    return {
        "isolation_level": "AUTOCOMMIT",
        "poolclass": Pool,
        "pool_size": settings.threads + 1,  # one for the maintenance thread
        "max_overflow": 0,
        "pool_timeout": min(POOL_TIMEOUT_SECONDS, settings.request_timeout / 2),
        "pool_recycle": POOL_RECYCLE_SECONDS,
        "pool_use_lifo": True,
        "pool_reset_on_return": "rollback" if on_sqlite else None,
        "hide_parameters": True,
        "query_cache_size": MAX_CACHED_QUERIES,
        "connect_args": (_sqlite if on_sqlite else _postgresql)(settings),
    }


def _sqlite(settings: "Settings") -> Fields:
    return {
        "timeout": _sqlite_lock_timeout(settings),
        "cached_statements": MAX_CACHED_STATEMENTS,
    }


def _postgresql(settings: "Settings") -> Fields:
    threshold = EXECUTIONS_BEFORE_PREPARE if settings.database_prepare else None
    return KEEPALIVES | {"application_name": "taskapi", "prepare_threshold": threshold}


def _sqlite_lock_timeout(settings: "Settings") -> float:
    """Return how many seconds SQLite waits for its lock; nothing interrupts that."""
    return min(SQLITE_LOCK_TIMEOUT_SECONDS, settings.request_timeout / 2)


def prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Enforce foreign keys, let reads run during a write, sync each commit to disk."""
    connection.execute("PRAGMA foreign_keys=ON")
    _enable_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")


def _enable_wal(connection: sqlite3.Connection) -> None:
    """Enable WAL, a persistent property of the file.

    If two processes do so in a new file at the same time, SQLite rejects one of them at
    once, whatever its timeout (in 3 of 100 trials). BEGIN EXCLUSIVE does wait until the
    other one has finished. It fails after the timeout if a reader stays.
    """
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
        else:
            return


def prepare_postgresql(connection: psycopg.Connection, _record: object) -> None:
    """Limit the wait for locks; PgBouncer would reject this as a start-up option."""
    connection.execute(f"SET lock_timeout = '{POSTGRESQL_LOCK_TIMEOUT_SECONDS}s'")


@contextmanager
def without_waiting(connection: DirectConnection, timeout: float) -> Iterator[None]:
    """Wait for no lock in the block.

    On SQLite later statements wait for `timeout` seconds again.
    """
    driver: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        driver.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            driver.execute(f"PRAGMA busy_timeout = {int(timeout * 1000)}")
    else:
        driver.execute(BEGIN_WITHOUT_WAITING, prepare=False)
        yield
        driver.execute("COMMIT")


def begin(connection: Connection) -> None:
    """Begin a transaction for writing on a connection of the autocommit engine.

    SQLite takes the write lock now: a transaction that begins as a reader cannot wait
    for the lock later, it fails.
    """
    on_sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql("BEGIN IMMEDIATE" if on_sqlite else "BEGIN")


def _create_private_file(
    _dialect: object, _record: object, arguments: Sequence[object], _options: object
) -> None:
    """Create a missing SQLite file for its owner only; -wal and -shm take its mode.

    An existing file is left alone: opening and closing it would release the locks that
    this process has on it (SQLite, "How to corrupt", section 2.2).
    """
    path = Path(str(arguments[0]))
    if path.parent.is_dir() and not path.exists():
        with suppress(OSError):  # created by another process, or SQLite reports it
            path.touch(mode=0o600, exist_ok=False)


def _roll_back(connection: psycopg.Connection, *_details: object) -> None:
    """End an open transaction.

    The pool would always roll back, which takes time even without a transaction.
    """
    if connection.pgconn.transaction_status != TransactionStatus.IDLE:
        connection.rollback()
