"""No request waits for a database for ever: what it waits on is cut when time is over.

A server that is frozen, or behind a network that swallows packets, never answers, and
no timeout of libpq or TCP covers that. A socket that is shut down wakes the thread that
reads from it, with the error of a lost connection. Whether the server did what it was
told stays unknown then, so it is neither repeated nor said to be done.
"""

import os
import socket
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Thread, get_ident
from typing import Any, Protocol

from sqlalchemy import Engine, event, exc

TICK_SECONDS = 0.25
CONNECT_SECONDS = 3
LEAST_CONNECT_SECONDS = 2  # psycopg takes less for that


class Held(Protocol):
    """A connection whose pool keeps how to end the waiting on it."""

    @property
    def info(self) -> Any:
        """Return what the pool keeps with it."""


class Limit:
    """Lets a block wait for databases for so long, where the watch was begun."""

    __slots__ = ("cut", "until")

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.cut: Callable[[], None] | None = None

    def __enter__(self) -> None:
        running[get_ident()] = self

    def __exit__(self, *_raised: object) -> None:
        del running[get_ident()]

    def end(self) -> None:
        """Let it wait no longer."""
        cut = self.cut
        if cut:
            with suppress(OSError, sqlite3.Error):
                cut()


running: dict[int, Limit] = {}


def remaining() -> float:
    """Return how many seconds this thread may go on."""
    limit = running.get(get_ident())
    return limit.until - time.monotonic() if limit else float("inf")


@contextmanager
def paused() -> Iterator[None]:
    """Do not count the block, which uses no database, towards the limit."""
    began = time.monotonic()
    try:
        yield
    finally:
        limit = running.get(get_ident())
        if limit:
            limit.until += time.monotonic() - began


def enter(connection: Held) -> None:
    """Note that this thread waits on a connection from now on."""
    _note(connection.info["cut"])


def release() -> None:
    """Note that it waits on none: the connection may be another's soon."""
    _note(None)


def _note(cut: Callable[[], None] | None) -> None:
    limit = running.get(get_ident())
    if limit:
        limit.cut = cut


def start() -> None:
    """Begin to watch in a thread of this process; it ends with the process."""
    Thread(target=_watch, name="watchdog", daemon=True).start()


def guard(engine: Engine) -> None:
    """Keep with each connection of an engine how to end the waiting on it."""
    event.listen(engine, "do_connect", _connect)


def _watch() -> None:
    while True:
        time.sleep(TICK_SECONDS)
        now = time.monotonic()
        for limit in list(running.values()):
            if limit.until < now:
                limit.end()


def _connect(dialect: Any, record: Any, cargs: Any, cparams: dict[str, Any]) -> Any:
    """Connect in the time that is left, or not at all."""
    if dialect.name == "sqlite":
        connection = dialect.connect(*cargs, **cparams)
        record.info["cut"] = connection.interrupt
    else:
        share = {"connect_timeout": _share(str(cparams.get("host")))}
        connection = dialect.connect(*cargs, **cparams | share)
        record.info["cut"] = partial(_handle(connection).shutdown, socket.SHUT_RDWR)
    _note(record.info["cut"])
    return connection


def _share(hosts: str) -> int:
    """Return the seconds for each server; they are asked one after the other."""
    seconds = int(min(CONNECT_SECONDS, remaining() / len(hosts.split(","))))
    if seconds < LEAST_CONNECT_SECONDS:
        raise exc.TimeoutError("no time is left to connect")
    return seconds


def _handle(connection: Any) -> socket.socket:
    """Return a handle of our own: the driver's may be closed and belong to a client."""
    handle = socket.socket(fileno=os.dup(connection.fileno()))
    weakref.finalize(connection, handle.close)
    return handle
