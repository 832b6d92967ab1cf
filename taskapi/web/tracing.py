"""The trace that a request belongs to, as the W3C has callers tell it."""

import re

TRACEPARENT = re.compile(
    r"(?!ff|00.{53}.)[0-9a-f]{2}"  # the version; only later ones may say more
    r"-(?!0{32})([0-9a-f]{32})"
    r"-(?!0{16})[0-9a-f]{16}"
    r"-[0-9a-f]{2}(-.*)?"
)


def trace_id(traceparent: str) -> str | None:
    """Return the trace that the header names; None for what is no such header."""
    found = TRACEPARENT.fullmatch(traceparent)
    return found and found[1]
