"""Results of checks."""

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """The severity of a finding."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """The result of a check: its state, the facts, and what to do about them."""

    check: str
    state: State
    message: str
    remedy: str = ""


def ok(check: str, message: str) -> Finding:
    """Return a finding without a problem."""
    return Finding(check, State.OK, message)


def warn(check: str, message: str, remedy: str) -> Finding:
    """Return a finding that may be intended, or may become a problem."""
    return Finding(check, State.WARN, message, remedy)


def fail(check: str, message: str, remedy: str) -> Finding:
    """Return a finding that breaks the service or loses data."""
    return Finding(check, State.FAIL, message, remedy)
