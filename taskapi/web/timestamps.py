"""Timestamps and dates as text (RFC 3339).

Offsets without a colon (`+0100`) and lower case are accepted too, since some
generated clients send them.
"""

import re
from datetime import UTC, date, datetime

FIRST_YEAR, LAST_YEAR = 1970, 9998
YEARS = r"(19[7-9]\d|[2-8]\d{3}|9[0-8]\d{2}|99[0-8]\d|999[0-8])"
DAY = YEARS + r"-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
TIME = r"[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,20})?"
OFFSET = r"([Zz]|[+-]([01]\d|2[0-3]):?[0-5]\d)"
TIMESTAMP = DAY + TIME + OFFSET
CALENDAR_DATE = YEARS + r"-\d\d-\d\d(?!\d)"
TIMESTAMP_LENGTH = len("2026-12-24T18:00:00+01:00") + 21


def rfc3339(timestamp: datetime) -> str:
    """Format a timestamp in UTC, with Z."""
    return timestamp.astimezone(UTC).isoformat()[:-6] + "Z"


def parse_timestamp(text: object) -> datetime | None:
    """Parse an RFC 3339 timestamp; return None if it is invalid or out of range."""
    if not isinstance(text, str) or not re.fullmatch(TIMESTAMP, text, re.ASCII):
        return None
    try:
        timestamp = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return timestamp if FIRST_YEAR <= timestamp.year <= LAST_YEAR else None


def parse_date(text: object) -> date | None:
    """Parse YYYY-MM-DD; return None if it is invalid or out of range."""
    if not isinstance(text, str) or not re.fullmatch(DAY, text, re.ASCII):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def begins_with_missing_date(text: object) -> bool:
    """Return whether text begins with a date that no calendar has, as 2026-02-30."""
    if not isinstance(text, str) or not re.match(CALENDAR_DATE, text, re.ASCII):
        return False
    return parse_date(text[:10]) is None
