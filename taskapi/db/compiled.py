"""Statements of the hot paths: compiled once, run by the driver itself.

For each execution of a statement SQLAlchemy does more work than the database. Here its
compiler, its types and its pool are used, and its execution is not.
"""

import collections
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, Executable, exc

from taskapi.server.scheduling import release_slot

Parameters = Mapping[str, Any]
row_type: Any = collections.namedtuple

LONG_SECONDS = 0.0005
LONG_SECONDS_A_ROW = 0.00005
"""About what an answer takes to compute; a shorter wait is not worth a change."""

FORGETTING = 1.001
"""By how much the least time grows with each execution: databases become slower."""


class Direct:
    """A connection from the pool for prepared statements alone.

    SQLAlchemy's own takes almost as long to open and close as the database to answer.
    """

    def __init__(self, engine: Engine) -> None:
        """Wait for it; raises what SQLAlchemy raises."""
        self.engine, self.dialect = engine, engine.dialect
        try:
            self.connection = engine.raw_connection()
        except self.dialect.loaded_dbapi.Error as error:
            raise _of_sqlalchemy(error, self.dialect) from error
        self.info = self.connection.info

    def __enter__(self) -> "Direct":
        return self

    def __exit__(self, *_raised: object) -> None:
        self.connection.close()

    def invalidate(self, error: BaseException) -> None:
        """Let nobody have it again."""
        self.connection.invalidate(error)


class CompiledStatement:
    """A statement that returns rows, and none of whose parameters is a list."""

    def __init__(self, statement: Any, columns: Sequence[str] | None = None) -> None:
        """Take the statement, and of an INSERT the columns that get values."""
        self.statement = statement
        self.columns = columns
        self.forms: dict[str, Form] = {}

    def run(self, connection: Connection | Direct, given: Parameters) -> list[Any]:
        """Return the rows; raises what SQLAlchemy raises."""
        dialect = connection.dialect
        form = self.forms.get(dialect.name)
        if form is None:
            form = self.forms[dialect.name] = Form(self, dialect)
        try:
            return form.execute(dialect, _cursor(connection), given)
        except dialect.loaded_dbapi.Error as error:
            raise _translated(error, connection) from error


class Form:
    """A statement in the language of one database."""

    def __init__(self, prepared: CompiledStatement, dialect: Dialect) -> None:
        statement = prepared.statement
        compiled = statement.compile(dialect=dialect, column_keys=prepared.columns)
        self.text = str(compiled)
        self.order = compiled.positiontup
        self.binds = [
            (name, bind.key, bind.value, _kind(bind, dialect).bind_processor(dialect))
            for name, bind in compiled.binds.items()
        ]
        columns = statement.exported_columns
        self.make = row_type("Row", columns.keys())._make
        kinds = [_kind(column, dialect) for column in columns]
        convert = [kind.result_processor(dialect, None) for kind in kinds]
        self.converted = [place for place in enumerate(convert) if place[1]]
        self.seconds = self.long = float("inf")

    def execute(self, dialect: Dialect, cursor: Any, given: Parameters) -> list[Any]:
        """Return its rows; others may begin meanwhile if it usually takes long."""
        bound = self.bound(given)
        if self.seconds > self.long:
            release_slot()
        began = time.perf_counter()
        dialect.do_execute(cursor, self.text, bound)
        # the least of late: what came on top was others' computing
        self.seconds = min(self.seconds * FORGETTING, time.perf_counter() - began)
        found = cursor.fetchall()
        self.long = LONG_SECONDS + LONG_SECONDS_A_ROW * len(found)
        return self.rows(found)

    def bound(self, given: Parameters) -> Any:
        """Return the parameters as the driver takes them."""
        values = {}
        for name, key, default, convert in self.binds:
            value = given.get(key, default)
            values[name] = convert(value) if convert else value
        return tuple(values[n] for n in self.order) if self.order else values

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        """Return the driver's rows, with values as the columns promise them."""
        columns: list[Any] = list(zip(*found, strict=True))
        for place, convert in self.converted if found else ():
            columns[place] = map(convert, columns[place])
        return list(map(self.make, zip(*columns, strict=True)))


def run(
    connection: Any, statement: Executable | CompiledStatement, given: Any
) -> Sequence[Any]:
    """Return the rows of a statement, by the driver if it is prepared."""
    if isinstance(statement, CompiledStatement):
        return statement.run(connection, given or {})
    rows: Sequence[Any] = connection.execute(statement, given).all()
    return rows


def _cursor(connection: Connection | Direct) -> Any:
    """Return the cursor that a connection keeps for this."""
    kept = connection.info
    if "cursor" not in kept:
        kept["cursor"] = connection.connection.cursor()
    return kept["cursor"]


def _translated(error: Any, connection: Connection | Direct) -> Exception:
    """Return SQLAlchemy's error; with a connection all others of the pool are lost."""
    dialect, driver = connection.dialect, connection.connection.dbapi_connection
    if dialect.is_disconnect(error, driver, None):
        connection.invalidate(error)
        connection.engine.dispose()
    return _of_sqlalchemy(error, dialect)


def _of_sqlalchemy(error: Any, dialect: Dialect) -> Exception:
    base = dialect.loaded_dbapi.Error
    translated: Exception = exc.DBAPIError.instance(None, None, error, base)
    return translated


def _kind(expression: Any, dialect: Dialect) -> Any:
    return expression.type.dialect_impl(dialect)
