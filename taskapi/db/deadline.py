"""Request deadlines: shut down sockets of unresponsive databases.

A server that is frozen, or behind a network that drops packets, never responds. No
timeout of libpq or TCP covers that: requests took more than 12 seconds. Shutting down
the socket wakes the thread that reads from it, with the error of a lost connection.
Whether the server carried out the statement is unknown then, so it is neither repeated
nor reported as done.
"""

import os
import socket
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from threading import Thread, get_ident
from typing import Any

from sqlalchemy import Dialect, Engine, event, exc
from sqlalchemy.pool import ConnectionPoolEntry

from taskapi.typing import Fields

TICK_SECONDS = 0.25
MAX_CONNECT_SECONDS = 3
MIN_CONNECT_SECONDS = 2  # psycopg raises smaller timeouts to this


@dataclass(slots=True)
class Deadline:
    """Time limit of a thread, and the function that interrupts the current call."""

    expires_at: float
    interrupt: Callable[[], None] | None = None

    def enforce(self) -> None:
        """Interrupt the call that the thread waits for, if there is one."""
        interrupt = self.interrupt
        if interrupt:
            with suppress(OSError, sqlite3.Error):
                interrupt()


running: dict[int, Deadline] = {}


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Limit the time that the block waits for databases, enforced once `start` ran."""
    thread = get_ident()
    running[thread] = Deadline(time.monotonic() + seconds)
    try:
        yield
    finally:
        del running[thread]


def remaining() -> float:
    """Return how many seconds this thread has left."""
    deadline = running.get(get_ident())
    return deadline.expires_at - time.monotonic() if deadline else float("inf")


@contextmanager
def paused() -> Iterator[None]:
    """Extend the deadline by the time of the block, which uses no database."""
    started_at = time.monotonic()
    try:
        yield
    finally:
        deadline = running.get(get_ident())
        if deadline:
            deadline.expires_at += time.monotonic() - started_at


def interrupt_by(interrupt: Callable[[], None] | None) -> None:
    """Set how the deadline of this thread interrupts the call that it waits for.

    None when the thread stops using a connection, which another one may use soon.
    """
    deadline = running.get(get_ident())
    if deadline:
        deadline.interrupt = interrupt


def start() -> None:
    """Enforce deadlines in a thread of this process, until the process ends."""
    Thread(target=_enforce, name="deadlines", daemon=True).start()


def listen(engine: Engine) -> None:
    """Keep with each new connection of an engine how to interrupt it."""
    event.listen(engine, "do_connect", _connect)


def _enforce() -> None:
    while True:
        time.sleep(TICK_SECONDS)
        now = time.monotonic()
        for deadline in list(running.values()):
            if deadline.expires_at < now:
                deadline.enforce()


def _connect(
    dialect: Dialect,
    record: ConnectionPoolEntry,
    args: tuple[object, ...],
    options: Fields,
) -> Any:
    """Connect within the time that remains. Raises TimeoutError if it is too short."""
    if dialect.name == "sqlite":
        connection: Any = dialect.connect(*args, **options)
        interrupt = connection.interrupt
    else:
        timeout = _connect_timeout(str(options.get("host")))
        connection = dialect.connect(*args, **options, connect_timeout=timeout)
        interrupt = partial(_handle(connection).shutdown, socket.SHUT_RDWR)
    record.info["interrupt"] = interrupt
    interrupt_by(interrupt)
    return connection


def _connect_timeout(hosts: str) -> int:
    """Return the seconds for each server; they are tried in turn."""
    seconds = int(min(MAX_CONNECT_SECONDS, remaining() / len(hosts.split(","))))
    if seconds < MIN_CONNECT_SECONDS:
        raise exc.TimeoutError("no time is left to connect")
    return seconds


def _handle(connection: Any) -> socket.socket:
    """Duplicate the socket: the driver may close its own, and the number be reused."""
    handle = socket.socket(fileno=os.dup(connection.fileno()))
    weakref.finalize(connection, handle.close)
    return handle
