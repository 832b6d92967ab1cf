"""Mapping of the errors of drivers and SQLAlchemy to problems.

All classes are mapped, so that a database error is never an internal error.
"""

import sqlite3
from typing import Any

import psycopg
import structlog
from sqlalchemy import exc

from taskapi.db import deadline
from taskapi.errors import Collision, FieldError, Invalid, Problem, Unavailable
from taskapi.server.command_line import flask_command

log = structlog.get_logger()

DRIVER_ERRORS = (psycopg.Error, psycopg.Warning, sqlite3.Error, sqlite3.Warning)
REJECTED_VALUES = (
    exc.DataError,
    psycopg.DataError,
    sqlite3.DataError,
    OverflowError,  # an integer beyond 64 bits in SQLite
    UnicodeEncodeError,  # an unpaired surrogate
)
ERRORS = (exc.SQLAlchemyError, *DRIVER_ERRORS, *REJECTED_VALUES)

COLLISIONS = {"40001", "40P01", "23503"}
"""Serialization failure, deadlock, and a reference to a row that was just deleted.

When the work is repeated, the first two disappear, and the third gives the response for
a row that does not exist.
"""

STALE = {
    "0A000",  # "cached plan must not change result type", after a column was altered
    "26000",  # the prepared statement does not exist: another server behind a pooler
    "42P05",  # the prepared statement exists already, for the same reason
    "08P01",  # its parameters differ, for the same reason
}
"""Errors that do not occur on a new connection: it has no prepared statements."""

STALE_CATALOG = ("cache lookup failed", "could not open relation")
"""XX000 for an object that was dropped while a plan still referred to it."""

READ_ONLY = "25006"
"""A write to a server that has become a replica."""

LOCK_NOT_AVAILABLE = "55P03"
MISSING = {"42P01", "42703", "42704", "42883", "42P10"}
"""Undefined table, column, object, function or constraint: a schema not migrated."""
MISSING_IN_SQLITE = (
    "no such table",
    "no such column",
    "has no column named",
    "ON CONFLICT clause does not match",
)
NOT_MIGRATED = (
    "The service is not available: its database does not have the schema of this "
    "release. Repeat the request when an operator has migrated the database."
)
SECONDS_TO_MIGRATE = 10

UNAVAILABLE = (
    exc.OperationalError,  # unreachable, locked, full
    exc.InterfaceError,
    exc.TimeoutError,  # from the pool
    exc.ProgrammingError,  # not migrated; an OperationalError on SQLite
    psycopg.OperationalError,
    psycopg.InterfaceError,
    sqlite3.OperationalError,
    sqlite3.InterfaceError,
)


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE of an error of PostgreSQL, None for other errors."""
    return getattr(_cause(error), "sqlstate", None)


def needs_new_connections(error: BaseException) -> bool:
    """Return whether the pool must replace its connections."""
    return is_stale(error) or sqlstate(error) == READ_ONLY


def is_stale(error: BaseException) -> bool:
    """Return whether repeating the work on a new connection is likely to succeed."""
    code = sqlstate(error)
    return code in STALE or (code == "XX000" and _names_stale_object(error))


def problem_of(error: BaseException) -> Problem:
    """Return the problem for an error, which is logged unless it is expected."""
    if isinstance(error, REJECTED_VALUES):
        return _rejected(error)
    if is_stale(error):
        log.info("stale statement discarded", code=sqlstate(error))
    if is_stale(error) or sqlstate(error) in COLLISIONS:
        return Collision(retry_after=1)
    if _is_missing(error):
        command, cause = flask_command("db upgrade"), _first_line(error)
        log.error("database is not migrated", command=command, cause=cause)
        return Unavailable(NOT_MIGRATED, retry_after=SECONDS_TO_MIGRATE)
    _log(error)
    return Unavailable(retry_after=1)


def _cause(error: BaseException) -> Any:
    return getattr(error, "orig", None) or error


def _names_stale_object(error: BaseException) -> bool:
    return any(text in str(_cause(error)) for text in STALE_CATALOG)


def _first_line(error: BaseException) -> str:
    return str(_cause(error)).partition("\n")[0]


def _is_missing(error: BaseException) -> bool:
    cause = _cause(error)
    in_sqlite = isinstance(cause, sqlite3.Error)
    return sqlstate(error) in MISSING or (
        in_sqlite and any(text in str(cause) for text in MISSING_IN_SQLITE)
    )


def _rejected(error: BaseException) -> Problem:
    log.warning("database rejected a value", kind=type(_cause(error)).__name__)
    message = "The database cannot store a value. Send a shorter or smaller one."
    return Invalid({None: [FieldError(message, "range")]})


def _log(error: BaseException) -> None:
    """Log the kind of an error; its message may quote values of the request."""
    about = {"kind": type(_cause(error)).__name__, "code": sqlstate(error)}
    if isinstance(error, exc.IntegrityError | psycopg.IntegrityError):
        return  # the referenced row was deleted concurrently: the client retries
    if sqlstate(error) == LOCK_NOT_AVAILABLE:
        log.info("lock not available")
    elif sqlstate(error) == READ_ONLY:
        log.warning("database is read-only")
    elif isinstance(error, UNAVAILABLE):
        is_late = deadline.remaining() < 0
        cause = "no response in time" if is_late else _first_line(error)
        log.warning("database unavailable", cause=cause)
    else:
        log.error("database failed", **about)
