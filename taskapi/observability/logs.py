"""Structured logs: one JSON line for each request and each event."""

import logging
import logging.config
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any

import structlog

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
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
JSON_FORMATTER = {
    "()": structlog.stdlib.ProcessorFormatter,
    "foreign_pre_chain": SHARED,
    "processors": [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(),
    ],
}
PROCESSORS: list[Any] = [*SHARED, structlog.processors.JSONRenderer()]


def configure(level: str) -> None:
    """Send structlog and the standard library's loggers to standard output as JSON."""
    logging.config.dictConfig(logging_config(level))
    structlog.configure(
        processors=PROCESSORS,
        logger_factory=lambda *_names: OUTPUT,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )


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


def logging_config(level: str) -> dict[str, Any]:
    """Return the configuration of the standard library and of gunicorn."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": JSON_FORMATTER},
        "handlers": {
            "stdout": {"()": _output, "formatter": "json"},
        },
        "loggers": {
            "alembic.runtime.plugins": {"level": "WARNING"},
            "taskapi.db.engine": {"level": "WARNING"},  # the logger of its Pool
            "gunicorn.error": {
                "handlers": [],
                "propagate": True,
            },
            "gunicorn.access": {"handlers": [], "propagate": False},
        },
        "root": {"handlers": ["stdout"], "level": level},
    }
