"""Reads that may be stale, from a PostgreSQL replica.

The replica is used while it is reachable, follows its primary and lags by at most 30
seconds. Otherwise the primary is used, and one read in ten seconds tries again.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING, cast

import structlog
from flask import Flask, current_app
from sqlalchemy import Connection, Executable, create_engine, exc, text

from taskapi import db
from taskapi.clock import RetryTimer
from taskapi.db import deadline
from taskapi.db.compiled import CompiledStatement, Parameters, R, run
from taskapi.db.engine import (
    POOL_RECYCLE_SECONDS,
    POOL_TIMEOUT_SECONDS,
    Pool,
    sqlalchemy_url,
)

if TYPE_CHECKING:
    from config import Settings

log = structlog.get_logger()

MAX_LAG_SECONDS = 30
RETRY_SECONDS = 10
POOL_SIZE = 2
TIMEOUT_SECONDS = 3

STATE = text(
    """
    SELECT pg_is_in_recovery() AS follows, CASE
        WHEN pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn()
        AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0
        ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
    END AS lag
    """
)
"""A replica that lost its primary has replayed all it received, but lags."""


class Unusable(Exception):
    """A reachable server that must not be read from, with the reason."""


class Replica:
    """A server that follows the primary, with its own connection pool."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(
            url,
            execution_options={"postgresql_readonly": True},
            poolclass=Pool,
            pool_size=POOL_SIZE,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_SECONDS,
            pool_recycle=POOL_RECYCLE_SECONDS,
            hide_parameters=True,
            connect_args={
                "tcp_user_timeout": TIMEOUT_SECONDS * 1_000,
                "application_name": "taskapi",
                "prepare_threshold": None,
            },
        )
        deadline.listen(self.engine)
        self.retry = RetryTimer(RETRY_SECONDS)

    def read(
        self,
        statement: Executable | CompiledStatement[R],
        parameters: Parameters | None,
    ) -> Sequence[R] | None:
        """Return the rows, or None if the primary must be used."""
        if not self.retry.is_due():
            return None
        try:
            with self.engine.connect() as connection:
                _check(connection)
                deadline.interrupt_by(connection.info["interrupt"])
                rows = run(connection, statement, parameters)
        except exc.TimeoutError:  # all connections are in use: not a failure
            return None
        except (exc.DBAPIError, Unusable) as error:
            self.retry.fail()
            cause = str(getattr(error, "orig", None) or error).partition("\n")[0]
            log.warning("replica unavailable", cause=cause)
            return None
        finally:
            deadline.interrupt_by(None)
        self.retry.succeed()
        return rows

    def lag(self) -> float:
        """Return the lag in seconds. Raises DBAPIError or Unusable."""
        with self.engine.connect() as connection:
            return _check(connection)


def init_app(app: Flask, settings: "Settings") -> None:
    """Create the engine of the replica, if one is configured."""
    url = settings.database_replica_url
    app.extensions["replica"] = Replica(sqlalchemy_url(url, "standby")) if url else None


def current() -> Replica | None:
    """Return the replica of the current app, if one is configured."""
    return cast("Replica | None", current_app.extensions["replica"])


def read(
    statement: Executable | CompiledStatement[R], parameters: Parameters | None = None
) -> Sequence[R]:
    """Return all rows of a query like `db.read`, up to 30 seconds old."""
    replica = current()
    rows = replica.read(statement, parameters) if replica else None
    return db.read(statement, parameters) if rows is None else rows


def _check(connection: Connection) -> float:
    """Return the lag of a replica in seconds. Raises Unusable."""
    with _timeout(connection):
        state = connection.execute(STATE).one()
    if not state.follows:
        raise Unusable("it follows no primary")
    if state.lag is None:
        raise Unusable("its lag is unknown")
    if state.lag > MAX_LAG_SECONDS:
        raise Unusable(f"its lag is {state.lag:.0f} seconds")
    return float(state.lag)


@contextmanager
def _timeout(connection: Connection) -> Iterator[None]:
    """Interrupt the connection in the block if its server does not respond."""
    timer = Timer(TIMEOUT_SECONDS, connection.info["interrupt"])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
