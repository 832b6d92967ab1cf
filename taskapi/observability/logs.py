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
    """Standard output, as opposed to handlers of others; structlog writes to it too."""

    def line(self, text: str) -> None:
        """Write a line whole; one that cannot be written stops nobody."""
        self.acquire()
        try:
            with suppress(OSError, ValueError):
                self.stream.write(text + self.terminator)
                self.stream.flush()
        finally:
            self.release()

    debug = info = warning = error = line


OUTPUT = Output(sys.stdout)
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


def catch() -> None:
    """Write warnings, and errors that nobody handles, as lines of the log too."""
    logging.captureWarnings(capture=True)
    sys.excepthook = _crash
    threading.excepthook = _lose_thread
    sys.unraisablehook = _ignore


def _crash(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        structlog.get_logger().error("crashed", exc_info=error)


def _lose_thread(lost: threading.ExceptHookArgs) -> None:
    name = lost.thread.name if lost.thread else None
    structlog.get_logger().error("thread crashed", thread=name, exc_info=lost.exc_value)


def _ignore(ignored: "sys.UnraisableHookArgs") -> None:
    structlog.get_logger().error("error ignored", exc_info=ignored.exc_value)


@contextmanager
def aside() -> Iterator[None]:
    """Log to standard error meanwhile: what a command prints may be piped."""
    before = OUTPUT.setStream(sys.stderr)
    yield
    OUTPUT.setStream(before or sys.stdout)


def _output() -> Output:
    OUTPUT.setStream(sys.stdout)
    return OUTPUT


def logging_config(level: str) -> dict[str, Any]:
    """Return the standard library's part; gunicorn takes the same."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(),
                ],
            }
        },
        "handlers": {
            "stdout": {
                "()": _output,
                "formatter": "json",
            }
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
