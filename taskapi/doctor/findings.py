"""What a check found."""

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """A line of the doctor: the check, its state, what there is, what to do."""

    check: str
    state: State
    message: str
    remedy: str = ""


def ok(check: str, message: str) -> Finding:
    """Return that all is well."""
    return Finding(check, State.OK, message)


def warn(check: str, message: str, remedy: str) -> Finding:
    """Return what may be meant, or may become worse."""
    return Finding(check, State.WARN, message, remedy)


def fail(check: str, message: str, remedy: str) -> Finding:
    """Return what is broken, or will lose something."""
    return Finding(check, State.FAIL, message, remedy)
