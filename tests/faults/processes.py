"""Processes that are killed, frozen and woken with their children."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tests.helpers.postgresql import Postgres
from tests.helpers.programs import wait_until


def tell(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def kill(server: Postgres) -> None:
    """End a PostgreSQL as a power cut would; return when nothing of it is left."""
    pids = server.program.children()
    tell(pids, signal.SIGKILL)
    server.kill()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def stop(server: Postgres) -> None:
    """End it as an operator does, without waiting for clients."""
    server.program.stop(signal.SIGINT)


def freeze(server: Postgres) -> None:
    """Let it answer nobody, while the kernel still takes connections for it."""
    tell(_all(server), signal.SIGSTOP)


def resume(server: Postgres) -> None:
    """Let it go on."""
    tell(_all(server), signal.SIGCONT)


def _all(server: Postgres) -> list[int]:
    return [server.program.process.pid, *server.program.children()]
