"""Programs that are started, killed and started again, as nobody where they insist."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNPRIVILEGED = "nobody"
SECONDS_TO_START = 30
SECONDS_TO_STOP = 40
SECONDS_BETWEEN_LOOKS = 0.05


PACKAGES = {
    "nginx": "nginx-light",
    "pgbouncer": "pgbouncer",
    "openssl": "openssl",
    "systemd-analyze": "systemd",
}


class Missing(Exception):
    """A program that is not installed; the message names the Debian package."""


class Program:
    """A process that can be ended and begun again; what it says goes into a file."""

    def __init__(
        self,
        name: str,
        words: list[str],
        folder: Path,
        *,
        variables: dict[str, str] | None = None,
        as_nobody: bool = False,
    ) -> None:
        self.name = name
        self.words = words
        self.log = folder / f"{name}.log"
        self.variables = {"PATH": os.environ["PATH"], **(variables or {})}
        self.user = UNPRIVILEGED if as_nobody and os.geteuid() == 0 else None
        self.start()

    def start(self) -> None:
        """Begin it, in a group of its own, so that Ctrl+C reaches only who asked."""
        with self.log.open("ab") as said:
            self.process = subprocess.Popen(  # noqa: S603 - a program that is named here
                self.words,
                cwd=ROOT,
                env=self.variables,
                stdout=said,
                stderr=subprocess.STDOUT,
                user=self.user,
                process_group=0,
            )

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to the program, not to its children."""
        self.process.send_signal(number)

    def children(self) -> list[int]:
        """Return the ids of its children."""
        pid = self.process.pid
        tasks = Path(f"/proc/{pid}/task/{pid}/children")
        return [int(word) for word in tasks.read_text().split()]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; return its exit status."""
        self.tell(number)
        try:
            return self.process.wait(SECONDS_TO_STOP)
        finally:
            self.kill()

    def kill(self) -> None:
        """End it and its children where they stand."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def wait(self, answers: Callable[[], bool]) -> None:
        """Return when it answers; fail with what it said when it ends or stays dumb."""
        wait_until(answers, self.last_words)

    def last_words(self) -> str:
        """Return what it said last."""
        return f"{self.name}: {self.log.read_text()[-2000:]}"


def wait_until(is_so: Callable[[], bool], complaint: Callable[[], str] = str) -> None:
    """Return when it is so, or fail with the complaint after half a minute."""
    deadline = time.monotonic() + SECONDS_TO_START
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint())
        time.sleep(SECONDS_BETWEEN_LOOKS)


def find(name: str, package: str) -> str:
    """Return the path of a program, those of administrators included."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        raise Missing(f"{name} is missing: apt-get install {package}")
    return found


def need(*programs: str) -> None:
    """Skip the test where a program is missing; in CI, fail."""
    try:
        for program in programs:
            find(program, PACKAGES[program])
    except Missing as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))


def beside_python(name: str) -> str:
    """Return the path of a program of the environment that runs this."""
    return str(Path(sys.executable).with_name(name))


def listens(port: int) -> bool:
    """Tell whether somebody takes connections on this port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def own(folder: Path) -> Path:
    """Make a folder that a program running as nobody may use; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(folder, UNPRIVILEGED)
    return folder
