"""Signals to processes and their children: kill, freeze, resume."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tests.helpers.postgresql import Postgres
from tests.helpers.programs import wait_until


def send_signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def kill(server: Postgres) -> None:
    """Kill PostgreSQL like a power failure; wait until all processes have ended."""
    pids = server.program.children()
    send_signal(pids, signal.SIGKILL)
    server.kill()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def stop(server: Postgres) -> None:
    """Stop it as an operator does, without waiting for clients."""
    server.program.stop(signal.SIGINT)


def freeze(server: Postgres) -> None:
    """Stop its processes; the kernel still accepts connections to its port."""
    send_signal(_all(server), signal.SIGSTOP)


def resume(server: Postgres) -> None:
    """Continue its processes."""
    send_signal(_all(server), signal.SIGCONT)


def _all(server: Postgres) -> list[int]:
    return [server.program.process.pid, *server.program.children()]
