"""The current time, and days in the time zone of an account.

Other modules read the time here, so that tests can replace it in one place.

The database stores a due date without a time as midnight in UTC, so that a new time
zone changes no row. The functions below translate between such days and the instants at
which they begin.
"""

import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from functools import lru_cache
from threading import Lock
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
"""The resolution of both databases."""


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the only reader of the time


def midnight(day: date) -> datetime:
    """Return the timestamp that the database stores for a day."""
    return datetime.combine(day, time_of_day(), UTC)


@lru_cache(maxsize=512)
def start_of_day(day: date, timezone: str) -> datetime:
    """Return the first instant of a day, which always precedes the next one.

    Where clocks are put forward at midnight, this is the instant of the change. Samoa
    had no 30 December 2011: such a day is placed just before the one that followed.
    """
    zone = ZoneInfo(timezone)
    start = datetime.combine(day, time_of_day(), zone).astimezone(UTC)
    if start.astimezone(zone).date() > day:
        return start_of_day(day + DAY, timezone) - INSTANT
    return start


def current_day(instant: datetime, timezone: str) -> datetime:
    """Return the stored timestamp of the last day that has begun at an instant."""
    day = instant.astimezone(ZoneInfo(timezone)).date()
    # The clocks of some zones were put back past midnight, into the day before.
    if start_of_day(day + DAY, timezone) <= instant:
        day += DAY
    return datetime.combine(day, time_of_day(), UTC)


def first_day_from(instant: datetime, timezone: str) -> date:
    """Return the first day that begins at an instant or later."""
    day = current_day(instant, timezone).date()
    return day if start_of_day(day, timezone) == instant else day + DAY


class RetryTimer:
    """The times at which a service that failed is tried again: once per interval."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.retry_at: float | None = None
        self.lock = Lock()

    def is_due(self) -> bool:
        """Return whether to use the service; after a failure one thread tries it."""
        with self.lock:
            if self.retry_at is None:
                return True
            is_due = time.monotonic() >= self.retry_at
            if is_due:
                self.retry_at = time.monotonic() + self.seconds
            return is_due

    def fail(self) -> None:
        """Wait for an interval before the next attempt."""
        self.retry_at = time.monotonic() + self.seconds

    def succeed(self) -> None:
        """Use the service without waiting."""
        self.retry_at = None
