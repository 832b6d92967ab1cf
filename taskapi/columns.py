"""Column types: the same values in Python whatever the database keeps."""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    Integer,
    SmallInteger,
    String,
    TypeDecorator,
)
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

    def process_result_value(
        self, value: datetime | None, _dialect: Dialect
    ) -> datetime | None:
        """Attach UTC on SQLite, convert to it on PostgreSQL."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


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

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> int | None:
        """Store the rank of a member, or of its value."""
        return None if value is None else list(self.kind).index(self.kind(value)) + 1

    def process_result_value(
        self, value: int | None, _dialect: Dialect
    ) -> StrEnum | None:
        """Return the member of a rank."""
        return None if value is None else list(self.kind)[value - 1]
