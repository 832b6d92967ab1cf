"""Statements of frequent requests: compiled once, run by the driver.

SQLAlchemy's compiler, types and pool are used; its execution is bypassed, because it
takes longer than the database itself. Without this module a read costs 37 % more CPU
and a list 46 %, measured in process on PostgreSQL.
"""

import collections
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, Generic, NamedTuple, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Executable,
    PoolProxiedConnection,
    SelectBase,
    UpdateBase,
    exc,
)
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.types import TypeEngine
from typing_extensions import TypeVar

from taskapi.db import deadline
from taskapi.server.scheduling import release_slot
from taskapi.typing import Fields

R = TypeVar("R", default=Any)
"""The row of a statement: a Protocol with the columns that are read."""

Parameters = Mapping[str, object]
_row_type: Any = collections.namedtuple  # mypy wants literal fields
_replacing = Lock()

# A statement gives its slot to another request only where it usually takes longer than
# computing the response: with 2 ms added to each statement throughput is as without
# scheduling, while releasing the slot for fast statements costs thread switches. The
# estimate replaces a fixed length, which would have to suit all databases.
SLOW_SECONDS = 0.0005
SLOW_SECONDS_PER_ROW = 0.00005

LATENCY_GROWTH = 1.001
"""Growth of the lowest latency with each execution: databases may become slower."""


class DirectConnection(NamedTuple):
    """A connection of the pool, for compiled statements only.

    Opening and closing SQLAlchemy's `Connection` costs 25 of 120 µs of a read.
    """

    engine: Engine
    dialect: Dialect
    connection: PoolProxiedConnection
    info: Fields

    def invalidate(self, error: BaseException) -> None:
        """Remove it from the pool."""
        self.connection.invalidate(error)


@contextmanager
def connect(engine: Engine) -> Iterator[DirectConnection]:
    """Use a connection of the pool, whose calls the deadline of the request interrupts.

    Raises SQLAlchemy's errors.
    """
    dialect = engine.dialect
    try:
        connection = engine.raw_connection()
    except dialect.loaded_dbapi.Error as error:
        raise _wrap(error, dialect) from error
    deadline.interrupt_by(connection.info["interrupt"])
    try:
        yield DirectConnection(engine, dialect, connection, connection.info)
    finally:
        deadline.interrupt_by(None)
        connection.close()


class CompiledStatement(Generic[R]):
    """A statement that returns rows; none of its parameters may be a list."""

    def __init__(
        self, statement: SelectBase | UpdateBase, columns: Sequence[str] | None = None
    ) -> None:
        """Take the statement and, for a write, the columns that get values."""
        self.statement = statement
        self.columns = columns
        self.compiled: dict[str, _Compiled[R]] = {}

    def run(
        self, connection: Connection | DirectConnection, parameters: Parameters
    ) -> list[R]:
        """Return the rows. Raises SQLAlchemy's errors."""
        dialect = connection.dialect
        compiled = self.compiled.get(dialect.name)
        if compiled is None:
            compiled = self.compiled[dialect.name] = _Compiled(self, dialect)
        info = connection.info
        try:
            if "cursor" not in info:  # a new one for each call costs 17 of 120 µs
                info["cursor"] = connection.connection.cursor()
            return compiled.execute(dialect, info["cursor"], parameters)
        except dialect.loaded_dbapi.Error as error:
            raise _handle(error, connection) from error


class _Compiled(Generic[R]):
    """A statement in the SQL of one database."""

    def __init__(self, source: CompiledStatement[R], dialect: Dialect) -> None:
        statement = source.statement
        compiled = statement.compile(dialect=dialect, column_keys=source.columns)
        self.text = str(compiled)
        self.order = compiled.positiontup
        self.binds = [
            (name, bind.key, bind.value, _type(bind, dialect).bind_processor(dialect))
            for name, bind in compiled.binds.items()
        ]
        columns = statement.exported_columns
        self.make = _row_type("Row", columns.keys())._make
        types = [_type(column, dialect) for column in columns]
        converters = [type_.result_processor(dialect, None) for type_ in types]
        self.converted = [
            (n, convert) for n, convert in enumerate(converters) if convert
        ]
        self.latency = self.slow = float("inf")

    def execute(
        self, dialect: Dialect, cursor: DBAPICursor, parameters: Parameters
    ) -> list[R]:
        """Return the rows; release the slot first if that usually takes long.

        They are converted column by column: a list of 20 takes 1,512 instead of 1,617
        µs on PostgreSQL.
        """
        values = {}
        for name, key, default, convert in self.binds:
            value = parameters.get(key, default)
            values[name] = convert(value) if convert else value
        bound = tuple(map(values.__getitem__, self.order)) if self.order else values
        if self.latency > self.slow:
            release_slot()
        started_at = time.perf_counter()
        dialect.do_execute(cursor, self.text, bound)
        # The lowest recent latency: any time above it was spent by other threads.
        latency = time.perf_counter() - started_at
        self.latency = min(self.latency * LATENCY_GROWTH, latency)
        fetched = cursor.fetchall()
        self.slow = SLOW_SECONDS + SLOW_SECONDS_PER_ROW * len(fetched)
        columns: list[Iterable[object]] = list(zip(*fetched, strict=True))
        for place, convert in self.converted if fetched else ():
            columns[place] = map(convert, columns[place])
        return list(map(self.make, zip(*columns, strict=True)))


def run(
    connection: Connection | DirectConnection,
    statement: Executable | CompiledStatement[R],
    parameters: Parameters | None,
) -> Sequence[R]:
    """Return the rows of a statement, by the driver if it is compiled."""
    if isinstance(statement, CompiledStatement):
        return statement.run(connection, parameters or {})
    rows = cast("Connection", connection).execute(statement, parameters).all()
    return cast("Sequence[R]", rows)


def _handle(error: Exception, connection: Connection | DirectConnection) -> Exception:
    """Wrap the driver's error; on a disconnect, dispose of the pool."""
    dialect, driver = connection.dialect, connection.connection.dbapi_connection
    if dialect.is_disconnect(error, driver, None):  # type: ignore[arg-type] # DBAPI has no classes
        connection.invalidate(error)
        replace_connections(connection.engine)
    return _wrap(error, dialect)


def replace_connections(engine: Engine) -> None:
    """Let an engine open new connections; those in use are closed when they return.

    One thread at a time: if two threads replace the pool at once, SQLAlchemy can drop
    a pool that another thread has begun to use, without closing its connections.
    """
    with _replacing:
        engine.dispose()


def _wrap(error: Exception, dialect: Dialect) -> Exception:
    base = dialect.loaded_dbapi.Error
    wrapped: Exception = exc.DBAPIError.instance(None, None, error, base)
    return wrapped


def _type(expression: ColumnElement[Any], dialect: Dialect) -> TypeEngine[Any]:
    implemented: TypeEngine[Any] = expression.type.dialect_impl(dialect)
    return implemented
