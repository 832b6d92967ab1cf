"""An instance with clients that write to it, and liveness probes."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE

from sqlalchemy import NullPool, create_engine, text

from tests.faults.processes import send_signal
from tests.helpers.instances import Instance
from tests.helpers.outcomes import (
    Outcome,
    Phase,
    count_lost_and_doubled,
    summarize,
)
from tests.helpers.programs import wait_until
from tests.helpers.writers import ApiConnection, Writers

STEPS = 10
PROBER = Path(__file__).with_name("prober.py")


class Workload:
    """An instance with clients that write to it until they are stopped."""

    def __init__(self, instance: Instance, address: str, clients: int) -> None:
        self.instance, self.address = instance, address
        self.clients = Writers(lambda: ApiConnection(instance.port), clients)

    def wait_for_writes(self, steps: int = STEPS) -> None:
        """Wait until the clients have created `steps` more tasks."""
        target = len(self.clients.acknowledged) + steps
        self.wait(lambda: len(self.clients.acknowledged) >= target)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition; a TimeoutError quotes the results and the log."""
        wait_until(condition, self._latest_output)

    def _latest_output(self) -> str:
        log = self.instance.program.log.read_text()
        return f"{self.clients.results[-20:]} {log[-2000:]}"

    def kill_worker(self) -> None:
        """Kill the oldest worker."""
        send_signal(self.instance.program.children()[:1], signal.SIGKILL)
        self.wait_for_writes()

    def kill_master(self) -> None:
        """Kill the master, and start another when its workers have stopped.

        While they listen, another master ends with an error.
        """
        workers = self.instance.program.children()
        self.instance.program.process.kill()
        self.instance.program.process.wait()
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
        self.instance.program.start()
        self.wait_for_writes()

    def reload(self) -> None:
        """Let the master replace its workers; wait until the new ones respond."""
        self.instance.reload()
        self.wait_for_writes()

    def restart(self) -> int:
        """Stop and start the instance; return its exit status."""
        status = self.instance.program.stop()
        self.instance.program.start()
        self.wait_for_writes()
        return status

    def watch(self, act: Callable[[], float]) -> Outcome:
        """Cause a failure; return the outcome of the requests.

        `act` returns the time at which the failure was repaired.
        """
        start = time.monotonic()
        repaired = act()
        self.wait_for_writes()
        phase = Phase("", start, repaired, time.monotonic())
        return summarize(phase, list(self.clients.results))

    def failures(self) -> set[str]:
        """Return the statuses and exceptions of failed requests so far."""
        return {one.status for one in list(self.clients.results) if not one.is_success}

    def count_lost_and_doubled_writes(self) -> tuple[int, int]:
        """Stop the clients; return how many acknowledged writes are lost or doubled."""
        self.clients.stop()
        engine = create_engine(self.address, poolclass=NullPool)
        with engine.connect() as connection:
            titles = connection.execute(text("SELECT title FROM tasks")).scalars().all()
        return count_lost_and_doubled(self.clients.acknowledged, list(titles))


@contextmanager
def probing(instance: Instance) -> Iterator[list[float]]:
    """Probe the liveness of an instance; afterwards the list has the durations."""
    seconds: list[float] = []
    command = [sys.executable, str(PROBER), str(instance.port)]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE) as prober:  # noqa: S603 - our own script
        yield seconds
        seconds += json.loads(prober.communicate()[0])
