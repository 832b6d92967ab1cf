"""Column types that have the same Python values on both databases."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    Enum,
    FromClause,
    Integer,
    SmallInteger,
    String,
    TypeDecorator,
    literal_column,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import Join
from sqlalchemy.types import TypeEngine

Id = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """A timestamp: timezone-aware in Python, UTC in the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, _dialect: Dialect
    ) -> datetime | None:
        """Convert to UTC, since SQLite would drop the offset."""
        return value.astimezone(UTC) if value else None

    def result_processor(
        self, dialect: Dialect, _coltype: object
    ) -> Callable[[Any], datetime | None]:
        """Attach UTC on SQLite, convert to it on PostgreSQL."""
        return _read_text if dialect.name == "sqlite" else _to_utc


def _read_text(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def _to_utc(value: datetime | None) -> datetime | None:
    return value.astimezone(UTC) if value else None


def exact(length: int) -> TypeEngine[str]:
    """Return the type of a string that sorts by code points on both databases."""
    plain = String(length)
    return plain.with_variant(String(length, collation="C"), "postgresql")


def choice(kind: type[StrEnum]) -> Enum:
    """Return the column type of an enum: strings with a CHECK constraint."""
    return Enum(
        kind,
        name=kind.__name__.lower(),
        native_enum=False,
        create_constraint=True,
        length=20,
        values_callable=lambda members: [member.value for member in members],
    )


class Ranked(TypeDecorator[StrEnum]):
    """An enum that sorts in the order of its members, stored as a number."""

    impl = SmallInteger
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind
        self.members = tuple(kind)

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> int | None:
        """Return the number of a member, given as member or value."""
        return None if value is None else self.members.index(self.kind(value)) + 1

    def process_result_value(
        self, value: int | None, _dialect: Dialect
    ) -> StrEnum | None:
        """Return the member with a number."""
        return None if value is None else self.members[value - 1]


def constant(value: StrEnum) -> ColumnElement[str]:
    """Return a value as literal SQL instead of a bind parameter."""
    return literal_column(f"'{value}'")


class Joined(FunctionElement[str]):
    """Aggregate of the strings of a column, separated by commas."""

    type = String()
    inherit_cache = True


@compiles(Joined, "postgresql")
def _join_on_postgresql(
    element: Joined, compiler: SQLCompiler, **options: object
) -> str:
    return f"string_agg({compiler.process(element.clauses, **options)}, ',')"


@compiles(Joined, "sqlite")
def _join_on_sqlite(element: Joined, compiler: SQLCompiler, **options: object) -> str:
    return f"group_concat({compiler.process(element.clauses, **options)})"


class Each(FunctionElement[str]):
    """Table function that returns the strings of a JSON array as rows."""

    type = String()
    inherit_cache = True


@compiles(Each, "postgresql")
def _each_on_postgresql(element: Each, compiler: SQLCompiler, **options: object) -> str:
    array = compiler.process(element.clauses, **options)
    return f"json_array_elements_text(CAST({array} AS JSON))"


@compiles(Each, "sqlite")
def _each_on_sqlite(element: Each, compiler: SQLCompiler, **options: object) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


class CrossJoin(Join):
    """A join without a condition; SQLite keeps the order of its sides."""

    inherit_cache = True

    def __init__(self, left: FromClause, right: FromClause) -> None:
        super().__init__(left, right, onclause=true())


@compiles(CrossJoin)
def _cross(element: CrossJoin, compiler: SQLCompiler, **options: Any) -> str:
    options |= {"asfrom": True, "from_linter": None}  # cartesian products are meant
    sides = (
        compiler.process(side, **options) for side in (element.left, element.right)
    )
    return " CROSS JOIN ".join(sides)
