"""Structured logs: one line for each request and each event.

The lines are JSON documents, or text for people if standard output is a terminal.
"""

import logging
import logging.config
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import Processor

from taskapi.observability import console

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
REQUEST = re.compile(r'\S+ - - \[[^]]*\] "')
"""The beginning of a line about a request from Werkzeug's server."""

SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
JSON: list[Processor] = [
    structlog.processors.format_exc_info,
    structlog.processors.JSONRenderer(),
]


class Output(logging.StreamHandler[Any]):
    """Handler of standard output, which structlog writes to as well."""

    def line(self, text: str) -> None:
        """Write a complete line; a line that cannot be written stops no request."""
        self.acquire()
        try:
            with suppress(OSError, ValueError):
                self.stream.write(text + self.terminator)
                self.stream.flush()
        finally:
            self.release()

    debug = info = warning = error = line


OUTPUT = Output(sys.stdout)


def is_console(log_format: str) -> bool:
    """Return whether logs are written for people: `auto` asks standard output."""
    return log_format == "console" or (log_format == "auto" and sys.stdout.isatty())


PROCESSORS: list[Processor] = []


def configure(level: str, log_format: str = "json") -> None:
    """Send structlog and the standard library's loggers to standard output.

    The format is `json`, `console` or `auto`: console if standard output is a terminal.
    """
    logging.config.dictConfig(logging_config(level, log_format))
    # One list for all configurations: loggers keep the one they first used.
    PROCESSORS[:] = [*SHARED, *_renderers(log_format)]
    structlog.configure(
        processors=PROCESSORS,
        logger_factory=lambda *_names: OUTPUT,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )


def _renderers(log_format: str) -> list[Processor]:
    return console.renderers(sys.stdout) if is_console(log_format) else JSON


def log_uncaught() -> None:
    """Log warnings and uncaught errors as JSON too."""
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_crash
    threading.excepthook = _log_thread_crash
    sys.unraisablehook = _log_ignored


def _log_crash(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        structlog.get_logger().error("crashed", exc_info=error)


def _log_thread_crash(crash: threading.ExceptHookArgs) -> None:
    name, error = crash.thread.name if crash.thread else None, crash.exc_value
    structlog.get_logger().error("thread crashed", thread=name, exc_info=error)


def _log_ignored(ignored: "sys.UnraisableHookArgs") -> None:
    structlog.get_logger().error("error ignored", exc_info=ignored.exc_value)


@contextmanager
def to_stderr() -> Iterator[None]:
    """Log to standard error in the block, because output of commands may be piped."""
    previous = OUTPUT.setStream(sys.stderr)
    yield
    OUTPUT.setStream(previous or sys.stdout)


def _output() -> Output:
    OUTPUT.setStream(sys.stdout)
    return OUTPUT


class WithoutRequests(logging.Filter):
    """Filter of Werkzeug's development server: the app logs its own requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Drop the lines of requests, and the colours of others."""
        record.msg, record.args = COLOUR.sub("", record.getMessage()), ()
        return not REQUEST.match(record.msg)


def logging_config(level: str, log_format: str = "json") -> dict[str, Any]:
    """Return the configuration of the standard library and of gunicorn."""
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": SHARED,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_renderers(log_format),
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"requests": {"()": WithoutRequests}},
        "formatters": {"structlog": formatter},
        "handlers": {"stdout": {"()": _output, "formatter": "structlog"}},
        "loggers": {
            "alembic.runtime.plugins": {"level": "WARNING"},
            "taskapi.db.engine": {"level": "WARNING"},  # the logger of its Pool
            "werkzeug": {"level": level, "filters": ["requests"]},
            "gunicorn.error": {"level": level, "handlers": [], "propagate": True},
            "gunicorn.access": {"handlers": [], "propagate": False},
        },
        "root": {"handlers": ["stdout"], "level": level},
    }
