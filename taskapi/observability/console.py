"""Log lines for people: coloured in a terminal, one line for each request."""

import time
from io import StringIO
from textwrap import indent
from typing import TextIO

from structlog.dev import (
    Column,
    ColumnFormatter,
    ConsoleRenderer,
    KeyValueColumnFormatter,
    LogLevelColumnFormatter,
    plain_traceback,
)
from structlog.typing import EventDict, ExcInfo, Processor

GREEN, YELLOW, RED = "\x1b[32m", "\x1b[33m", "\x1b[31m"
STYLES = {"1": GREEN, "2": GREEN, "3": GREEN, "4": YELLOW, "5": RED}
"""Colours of statuses, by their first digit."""

SHOWN_OF_REQUEST = ("timestamp", "method", "path", "status", "ms", "user")


def renderers(stream: TextIO) -> list[Processor]:
    """Return the processors that render an event as text for a stream."""
    columns = _columns(colors=stream.isatty())
    renderer = ConsoleRenderer(columns=columns, exception_formatter=_write_traceback)
    return [_arrange, renderer]


def _columns(*, colors: bool) -> list[Column]:
    """Return the parts of a line in their order; the last one is all other keys."""
    styles = ConsoleRenderer.get_default_column_styles(colors)
    levels = ConsoleRenderer.get_default_level_styles(colors)
    reset = styles.reset

    def value(style: str = "", end: str = "") -> ColumnFormatter:
        return KeyValueColumnFormatter(None, style, reset, escape, postfix=end)

    def status(key: str, value: object) -> str:
        style = STYLES[str(value)[0]] if colors else ""
        return KeyValueColumnFormatter(None, style, reset, str)(key, value)

    return [
        Column("timestamp", value(styles.timestamp)),
        Column("level", LogLevelColumnFormatter(levels, reset)),
        Column("event", value(styles.bright)),
        Column("method", value()),
        Column("path", value(styles.bright)),
        Column("status", status),
        Column("ms", value(end=" ms")),
        Column(
            "", KeyValueColumnFormatter(styles.kv_key, styles.kv_value, reset, _quoted)
        ),
    ]


def escape(value: object) -> str:
    """Return a text without the characters that control terminals."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode()
        for c in str(value)
    )


def _quoted(value: object) -> str:
    text = str(value)
    return text if text.isprintable() and " " not in text else repr(value)


def _write_traceback(target: TextIO, exc_info: ExcInfo) -> None:
    text = StringIO()
    plain_traceback(text, exc_info)
    target.write(escape(text.getvalue()))


def _arrange(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Show the local time, a request as one short line, and an email as its text."""
    event["timestamp"] = time.strftime("%H:%M:%S")
    if "user_id" in event:
        event["user"] = event.pop("user_id")
    if event["event"] == "request" and "path" in event:
        return {name: event[name] for name in SHOWN_OF_REQUEST if name in event}
    if event["event"] == "email":
        body = indent(event.pop("body"), "    ")
        heading = f"email to {event.pop('to')}: {event.pop('subject')}"
        event["event"] = f"{heading}\n\n{body}\n"
    return event
