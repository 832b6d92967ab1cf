"""Column types: the same values in Python whatever the database keeps."""

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
    Integer,
    SmallInteger,
    String,
    TypeDecorator,
    literal_column,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

Id = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC in the database, whatever the database keeps."""

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


def _to_utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None


def exact(length: int) -> TypeEngine[str]:
    """Return the type of a text that sorts by code points on both databases."""
    plain = String(length)
    return plain.with_variant(String(length, collation="C"), "postgresql")


def choice(kind: type[StrEnum]) -> Enum:
    """Return the column type of an enum: its values as text, with a CHECK."""
    return Enum(
        kind,
        name=kind.__name__.lower(),
        native_enum=False,
        create_constraint=True,
        length=20,
        values_callable=lambda members: [member.value for member in members],
    )


class Ranked(TypeDecorator[StrEnum]):
    """An enum that sorts by the order of its members: stored as its number."""

    impl = SmallInteger
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind
        self.members = tuple(kind)

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> int | None:
        """Store the rank of a member, or of its value."""
        return None if value is None else self.members.index(self.kind(value)) + 1

    def process_result_value(
        self, value: int | None, _dialect: Dialect
    ) -> StrEnum | None:
        """Return the member of a rank."""
        return None if value is None else self.members[value - 1]


def constant(value: StrEnum) -> ColumnElement[str]:
    """Return a value that is part of the statement, not one of its parameters."""
    return literal_column(f"'{value}'")


class Joined(FunctionElement[str]):
    """The texts of a column, with commas between them."""

    type = String()
    inherit_cache = True


@compiles(Joined, "postgresql")
def _join_on_postgresql(element: Joined, compiler: SQLCompiler, **options: Any) -> str:
    return f"string_agg({compiler.process(element.clauses, **options)}, ',')"


@compiles(Joined, "sqlite")
def _join_on_sqlite(element: Joined, compiler: SQLCompiler, **options: Any) -> str:
    return f"group_concat({compiler.process(element.clauses, **options)})"


class Each(FunctionElement[str]):
    """The texts of a JSON array, one in each row."""

    type = String()
    inherit_cache = True


@compiles(Each, "postgresql")
def _each_on_postgresql(element: Each, compiler: SQLCompiler, **options: Any) -> str:
    array = compiler.process(element.clauses, **options)
    return f"json_array_elements_text(CAST({array} AS JSON))"


@compiles(Each, "sqlite")
def _each_on_sqlite(element: Each, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"
