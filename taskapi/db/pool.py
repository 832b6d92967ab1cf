"""The connections of a worker; where none comes free, nobody waits for one for long."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, QueuePool, event, exc
from sqlalchemy.pool import ConnectionPoolEntry

LITTLE_SECONDS = 0.25
LOCK_TIMEOUT_SECONDS = 2
"""For how long PostgreSQL waits for a lock: longer than a second, after which it looks
for a deadlock, which is a reason to repeat the request."""

UNOBTRUSIVE = "BEGIN; SET LOCAL lock_timeout = 1; SET LOCAL synchronous_commit = off"
"""Neither rows that are locked nor a replica that must confirm keep us waiting."""

RECYCLE_SECONDS = 1800
POOL_WAIT_SECONDS = 4
CACHED_QUERIES = 100
CACHED_STATEMENTS = 32
"""Compiled queries of a worker, prepared statements of a connection to SQLite."""


class Pool(QueuePool):
    """A pool that keeps requests waiting a little only, after one waited in vain.

    Behind a database that does not answer all threads would wait otherwise, and
    requests for the threads: nobody would hear in time that there is none.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.patience = self._timeout
        self.is_disposed = False

    def recreate(self) -> QueuePool:
        """Return an empty pool, with all of its patience."""
        self._timeout = self.patience
        return super().recreate()

    def dispose(self) -> None:
        """Close all connections; those in use are closed as soon as they return."""
        self.is_disposed = True
        super().dispose()

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        if self.is_disposed:
            record.close()
        else:
            super()._do_return_conn(record)

    def _do_get(self) -> ConnectionPoolEntry:
        try:
            record = super()._do_get()
        except exc.TimeoutError:
            self._timeout = LITTLE_SECONDS
            raise
        self._timeout = self.patience
        return record


def guard_sqlite(engine: Engine) -> None:
    """Create the file for its owner only, and prepare each connection."""
    event.listen(engine, "do_connect", _create_private)
    event.listen(engine, "connect", prepare_sqlite)


def _create_private(
    _dialect: Any, _record: object, arguments: Sequence[Any], _options: object
) -> None:
    """Create a missing SQLite file for its owner only; -wal and -shm take its mode.

    An existing one is left alone: opening and closing it would release the locks that
    this process has on it (SQLite, "How to corrupt", section 2.2).
    """
    path = Path(str(arguments[0]))
    if path.parent.is_dir() and not path.exists():
        with suppress(OSError):  # created by another process, or SQLite reports it
            path.touch(mode=0o600, exist_ok=False)


def prepare_sqlite(connection: Any, _record: object) -> None:
    """Keep constraints, let readers pass the writer, sync each commit to the disk."""
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def prepare_postgresql(connection: Any, _record: object) -> None:
    """Limit the wait for locks; a start-up option would be rejected by PgBouncer."""
    connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")


@contextmanager
def without_waiting(connection: Any, timeout: float) -> Iterator[None]:
    """Wait for no lock in the block.

    `timeout` is for how many seconds SQLite waits for the lock afterwards.
    """
    driver = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        driver.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            driver.execute(f"PRAGMA busy_timeout = {int(timeout * 1000)}")
    else:
        driver.execute(UNOBTRUSIVE, prepare=False)
        yield
        driver.execute("COMMIT")
