"""The time, read in one place."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current moment in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one reader of the time
