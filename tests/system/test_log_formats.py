"""Formats and levels of the log."""

import io
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from taskapi.observability import console, logs
from tests.helpers.server import Server

Serve = Callable[..., Server]


class TerminalStream(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def render(stream: io.StringIO, **event: Any) -> str:
    """Return the line of an event for a stream."""
    line: Any = {"level": "info", "timestamp": "2026-11-30T12:00:00Z"} | event
    for processor in console.renderers(stream):
        line = processor(None, "info", line)
    return str(line)


@pytest.mark.parametrize(
    ("log_format", "stream", "expected"),
    [
        ("auto", TerminalStream(), True),
        ("auto", io.StringIO(), False),
        ("json", TerminalStream(), False),
        ("console", io.StringIO(), True),
    ],
    ids=["terminal", "file", "json", "console"],
)
def test_format_depends_on_setting_and_terminal(
    monkeypatch: pytest.MonkeyPatch,
    log_format: str,
    stream: io.StringIO,
    expected: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    monkeypatch.setattr(sys, "stdout", stream)

    assert logs.is_console(log_format) is expected


def test_console_has_colours_only_in_a_terminal() -> None:
    event = {"event": "request", "method": "GET", "path": "/", "status": 500, "ms": 1.5}

    coloured = render(TerminalStream(), **event)
    plain = render(io.StringIO(), **event)

    assert "\x1b[31m500" in coloured
    assert plain.partition(" ")[2] == "GET / 500 1.5 ms"


def test_console_shows_an_email_as_text() -> None:
    email = {"to": "ann@example.org", "subject": "Reset", "body": "Hello,\n\nuse x."}

    shown = render(io.StringIO(), event="email", **email)

    assert shown.partition("] ")[2] == (
        "email to ann@example.org: Reset\n\n    Hello,\n\n    use x.\n"
    )


def test_console_shows_tracebacks_as_lines() -> None:
    with pytest.raises(ValueError, match="a") as failure:
        int("a\x1b[2J")

    shown = render(io.StringIO(), event="request failed", exc_info=failure.value)

    assert "Traceback (most recent call last):\n" in shown
    assert shown.splitlines()[-1].startswith("ValueError: ")
    assert "\x1b" not in shown


@pytest.mark.parametrize("key", ["event", "name"])
def test_console_escapes_control_characters(key: str) -> None:
    event = {"event": "login"} | {key: "a\x1b[31m\u202eb"}

    shown = render(io.StringIO(), **event)

    assert "\x1b" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize(
    "level",
    [
        "warning",
        pytest.param("WARNING", marks=pytest.mark.slow),
        pytest.param("Warning", marks=pytest.mark.slow),
    ],
)
def test_level_governs_all_lines(serving: Serve, level: str) -> None:
    server = serving(LOG_LEVEL=level)
    server.call("GET", "/health")
    server.stop()

    levels = {json.loads(line)["level"] for line in server.lines() if line}

    assert levels <= {"warning", "error"}
