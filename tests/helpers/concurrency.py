"""Concurrent calls."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Barrier, BrokenBarrierError
from typing import TypeVar

from flask import Flask

from tests.helpers.statements import record_statements

T = TypeVar("T")
SECONDS_TO_MEET = 10
SECONDS_TO_WAIT = 0.3


def run_concurrently(*calls: Callable[[], T]) -> list[T]:
    """Make all calls at the same time, each in its own thread."""
    start = Barrier(len(calls))

    def call_together(call: Callable[[], T]) -> T:
        start.wait(SECONDS_TO_MEET)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call_together, calls))


@contextmanager
def meeting(app: Flask, statement: str) -> Iterator[None]:
    """Let two requests wait for each other before a statement."""
    barrier = Barrier(2)

    def wait(text: str, _values: object = None) -> None:
        if text.startswith(statement):
            with suppress(BrokenBarrierError):
                barrier.wait(SECONDS_TO_WAIT)

    with record_statements(app, wait):
        yield
