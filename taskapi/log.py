"""Structured logs: one JSON line for each request and each event."""

import logging
import logging.config
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


class Output(logging.StreamHandler[Any]):
    """Standard output, as opposed to handlers of others."""


class Discretion(logging.Filter):
    """Keep what a client sent as no HTTP out of the log, where gunicorn quotes it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without the quotation."""
        if record.getMessage().startswith("Invalid request"):
            record.msg, record.args = "invalid request", ()
        return True


def configure(level: str) -> None:
    """Send structlog and the standard library's loggers to standard output as JSON."""
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(logging_config(level))


@contextmanager
def aside() -> Iterator[None]:
    """Log to standard error meanwhile: what a command prints may be piped."""
    handlers = logging.getLogger().handlers
    ours = [h for h in handlers if isinstance(h, Output)]
    before = [(handler, handler.setStream(sys.stderr)) for handler in ours]
    yield
    for handler, stream in before:
        handler.setStream(stream)


def logging_config(level: str) -> dict[str, Any]:
    """Return the standard library's part; gunicorn takes the same."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"discretion": {"()": Discretion}},
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
                "()": Output,
                "stream": "ext://sys.stdout",
                "formatter": "json",
            }
        },
        "loggers": {
            "alembic.runtime.plugins": {"level": "WARNING"},
            "gunicorn.error": {
                "handlers": [],
                "filters": ["discretion"],
                "propagate": True,
            },
            "gunicorn.access": {"handlers": [], "propagate": False},
        },
        "root": {"handlers": ["stdout"], "level": level},
    }
