"""SQL statements that reach the driver."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from flask import Flask

from taskapi import db


@contextmanager
def record_statements(app: Flask, record: Callable[..., None]) -> Iterator[None]:
    """Call `record` with each statement that is sent to the driver."""
    with app.app_context():
        dialect = db.database.engine.dialect
    ways = ("do_execute", "do_executemany", "do_execute_no_params")
    with ExitStack() as stack:
        for name in ways:
            way = getattr(dialect, name)
            stack.enter_context(patch.object(dialect, name, _recording(way, record)))
        yield


def _recording(
    send: Callable[..., None], record: Callable[..., None]
) -> Callable[..., None]:
    def execute(cursor: Any, statement: str, *more: Any) -> None:
        record(statement, *more[:1])
        send(cursor, statement, *more)

    return execute
