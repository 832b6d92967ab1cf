"""Time as the application reads it."""

from datetime import timedelta

import time_machine

from taskapi import clock


def later(seconds: float) -> time_machine.travel:
    """Travel this number of seconds ahead; use with `with`."""
    return at(clock.now().timestamp() + seconds)


def at(timestamp: float) -> time_machine.travel:
    """Travel to a timestamp, where time stands still; use with `with`."""
    return time_machine.travel(timestamp, tick=False)


def days(number: int) -> float:
    """Return the number of seconds of days."""
    return timedelta(days=number).total_seconds()
