"""An instance at work: clients that write, and one that asks whether it lives."""

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

from tests.faults.processes import tell
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


class Scene:
    """An instance on a database, with clients that use it until the end."""

    def __init__(self, instance: Instance, address: str, clients: int) -> None:
        self.instance, self.address = instance, address
        self.crowd = Writers(lambda: ApiConnection(instance.port), clients)

    def go_on(self, steps: int = STEPS) -> None:
        """Return when the clients have made so many more tasks."""
        enough = len(self.crowd.acknowledged) + steps
        self.wait(lambda: len(self.crowd.acknowledged) >= enough)

    def wait(self, is_so: Callable[[], bool]) -> None:
        """Return when it is so, or say what clients saw last."""
        wait_until(is_so, self._complain)

    def _complain(self) -> str:
        log = self.instance.program.log.read_text()
        return f"{self.crowd.results[-20:]} {log[-2000:]}"

    def kill_worker(self) -> None:
        """Kill the worker that has been there longest."""
        tell(self.instance.program.children()[:1], signal.SIGKILL)
        self.go_on()

    def kill_master(self) -> None:
        """Kill the master, and start another; its workers leave by themselves."""
        self.instance.program.process.kill()
        self.instance.program.process.wait()
        self.instance.program.start()
        self.go_on()

    def reload(self) -> None:
        """Let the master replace its workers; return when others have served."""
        self.instance.reload()
        self.go_on()

    def restart(self) -> int:
        """Ask the instance to end, and start it; return how it ended."""
        status = self.instance.program.stop()
        self.instance.program.start()
        self.go_on()
        return status

    def watch(self, act: Callable[[], float]) -> Outcome:
        """Do something that returns when it was mended; return what clients saw."""
        began = time.monotonic()
        mended = act()
        self.go_on()
        phase = Phase("", began, mended, time.monotonic())
        return summarize(phase, list(self.crowd.results))

    def failures(self) -> set[str]:
        """Return in which ways requests failed so far."""
        return {one.status for one in list(self.crowd.results) if not one.is_success}

    def balance(self) -> tuple[int, int]:
        """Return how many acknowledged writes are lost, and how many are doubled."""
        self.crowd.stop()
        engine = create_engine(self.address, poolclass=NullPool)
        with engine.connect() as connection:
            titles = connection.execute(text("SELECT title FROM tasks")).scalars().all()
        return count_lost_and_doubled(self.crowd.acknowledged, list(titles))


@contextmanager
def probing(instance: Instance) -> Iterator[list[float]]:
    """Ask again and again whether an instance lives; the list holds the seconds."""
    seconds: list[float] = []
    words = [sys.executable, str(PROBER), str(instance.port)]
    with subprocess.Popen(words, stdin=PIPE, stdout=PIPE) as prober:  # noqa: S603 - our own script
        yield seconds
        seconds += json.loads(prober.communicate()[0])
