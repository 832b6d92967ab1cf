"""Heavy reads that may be seconds old: from a replica, while there is one that serves.

A replica serves when it is reached, still follows its primary and is not too far
behind. Where it does not, the primary answers, and one read in ten seconds looks again.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING, Any, cast

import structlog
from flask import Flask, current_app
from sqlalchemy import Connection, Executable, create_engine, exc, text

from taskapi import db
from taskapi.db import AnyRow, deadline
from taskapi.db.compiled import CompiledStatement, run
from taskapi.db.engine import POOL_RECYCLE_SECONDS, POOL_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from config import Settings

log = structlog.get_logger()

LAG_SECONDS = 30
RETRY_SECONDS = 10
CONNECTIONS = 2
SILENT_SECONDS = 3

STATE = text(
    """
    SELECT pg_is_in_recovery() AS follows, CASE
        WHEN pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn()
        AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0
        ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
    END AS lag
    """
)
"""Cut off from its primary, it has replayed all it received, and is behind still."""


class Unfit(Exception):
    """A server that is reached and must not be read from; the message says why."""


class Replica:
    """A server that follows the primary, with connections of its own."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(
            url,
            execution_options={"postgresql_readonly": True},
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_SECONDS,
            pool_recycle=POOL_RECYCLE_SECONDS,
            hide_parameters=True,
            connect_args={
                "tcp_user_timeout": SILENT_SECONDS * 1_000,
                "application_name": "taskapi",
                "prepare_threshold": None,
            },
        )
        deadline.listen(self.engine)
        self.retry_at: float | None = None
        self.lock = Lock()

    def read(self, statement: Executable | CompiledStatement, given: Any) -> Any:
        """Return the rows, or None where the primary must be asked."""
        if not self._may_ask():
            return None
        try:
            with self.engine.connect() as connection:
                _refuse_unfit(connection)
                deadline.enter(connection)
                rows = run(connection, statement, given)
        except exc.TimeoutError:  # all connections are busy, which is no fault
            return None
        except (exc.DBAPIError, Unfit) as error:
            self._leave(error)
            return None
        finally:
            deadline.release()
        self.retry_at = None
        return rows

    def lag(self) -> float:
        """Return how many seconds it is behind; raises where it does not serve."""
        with self.engine.connect() as connection:
            return _refuse_unfit(connection)

    def _may_ask(self) -> bool:
        """Tell whether to ask it; when it is away, one asks for all at times."""
        with self.lock:
            due = self.retry_at is None or time.monotonic() >= self.retry_at
            if due and self.retry_at is not None:
                self.retry_at = time.monotonic() + RETRY_SECONDS
            return due

    def _leave(self, error: Exception) -> None:
        self.retry_at = time.monotonic() + RETRY_SECONDS
        cause = str(getattr(error, "orig", None) or error).partition("\n")[0]
        log.warning("replica does not serve", cause=cause)


def init_app(app: Flask, settings: "Settings") -> None:
    """Make the engine of the replica, if there is one; nothing connects yet."""
    url = settings.database_replica_url
    app.extensions["replica"] = Replica(url) if url else None


def current() -> Replica | None:
    """Return the replica of the running app, if there is one."""
    return cast("Replica | None", current_app.extensions["replica"])


def read(
    statement: Executable | CompiledStatement, parameters: dict[str, Any] | None = None
) -> Sequence[AnyRow]:
    """Return all rows of a query as `db.read` does, from up to half a minute ago."""
    replica = current()
    rows = replica.read(statement, parameters) if replica else None
    return db.read(statement, parameters) if rows is None else rows


def _refuse_unfit(connection: Connection) -> float:
    """Return the lag in seconds of what may be read from."""
    with _answered_soon(connection):
        state = connection.execute(STATE).one()
    if not state.follows:
        raise Unfit("it follows no primary")
    if state.lag is None:
        raise Unfit("it does not know how far behind it is")
    if state.lag > LAG_SECONDS:
        raise Unfit(f"it is {state.lag:.0f} s behind")
    return float(state.lag)


@contextmanager
def _answered_soon(connection: Connection) -> Iterator[None]:
    """Cut the connection in the block when its server is frozen."""
    timer = Timer(SILENT_SECONDS, connection.info["interrupt"])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
