"""External programs as child processes: started, signalled, killed, restarted."""

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

from tests.helpers.forked import PROGRAMS, ROOT, STDERR, STDOUT, ForkedProcess

UNPRIVILEGED_USER = "nobody"
SECONDS_TO_START = 90  # only against hangs; a busy machine starts slowly
SECONDS_TO_STOP = 40
POLL_SECONDS = 0.05
PACKAGES = {
    "nginx": "nginx-light",
    "pgbouncer": "pgbouncer",
    "openssl": "openssl",
    "systemd-analyze": "systemd",
}


class ProgramMissingError(Exception):
    """A program is not installed; the message names the Debian package."""


def start_process(
    command: list[str],
    folder: Path,
    variables: dict[str, str],
    log: Path,
    user: str | None = None,
) -> ForkedProcess | subprocess.Popen[bytes]:
    """Start a program in a process group of its own; its output is added to a file.

    Programs of the project are forked, unless they run in a copy of it.
    """
    log.touch()
    if command[0] in PROGRAMS and folder == ROOT:
        return ForkedProcess(command, variables, {STDOUT: log, STDERR: log})
    with log.open("ab") as file:
        return subprocess.Popen(  # noqa: S603 - the command of a test
            command,
            cwd=folder,
            env=variables,
            stdout=file,
            stderr=subprocess.STDOUT,
            user=user,
            process_group=0,
        )


class Program:
    """A process whose output goes to a file; it can be stopped and started again."""

    def __init__(
        self,
        name: str,
        command: list[str],
        folder: Path,
        *,
        variables: dict[str, str] | None = None,
        unprivileged: bool = False,
    ) -> None:
        """Start it; `unprivileged` programs refuse to run as root."""
        self.name = name
        self.command = command
        self.log = folder / f"{name}.log"
        self.variables = {"PATH": os.environ["PATH"], **(variables or {})}
        is_root = os.geteuid() == 0
        self.user = UNPRIVILEGED_USER if unprivileged and is_root else None
        self.start()

    def start(self) -> None:
        """Start it in a process group of its own, which Ctrl+C does not reach."""
        self.process = start_process(
            self.command, ROOT, self.variables, self.log, self.user
        )

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the program, but not to its children."""
        self.process.send_signal(number)

    def children(self) -> list[int]:
        """Return the ids of its child processes."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children")
        return [int(word) for word in children.read_text().split()]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; return the exit status."""
        self.send_signal(number)
        try:
            return self.process.wait(SECONDS_TO_STOP)
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill it and its children."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()  # it may not have its process group yet
        self.process.wait()

    def wait(self, is_ready: Callable[[], bool]) -> None:
        """Wait until it is ready; a TimeoutError quotes its output."""
        wait_until(is_ready, self.last_output)

    def last_output(self) -> str:
        """Return its name and the end of its output."""
        return f"{self.name}: {self.log.read_text()[-2000:]}"


def wait_until(condition: Callable[[], bool], message: Callable[[], str] = str) -> None:
    """Wait for a condition; raises TimeoutError with the message after 90 seconds."""
    deadline = time.monotonic() + SECONDS_TO_START
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(message())
        time.sleep(POLL_SECONDS)


def find_program(name: str, package: str) -> str:
    """Return the path of a program, also from the folders of administrators."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        raise ProgramMissingError(f"{name} is missing: apt-get install {package}")
    return found


def require_programs(*names: str) -> None:
    """Skip the test if a program is missing; in CI, fail it."""
    try:
        for name in names:
            find_program(name, PACKAGES[name])
    except ProgramMissingError as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))


def environment_program(name: str) -> str:
    """Return the path of a program in the virtual environment."""
    return str(Path(sys.executable).with_name(name))


def accepts_connections(port: int) -> bool:
    """Return whether a program listens on this port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """Return a port that is not in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unprivileged_folder(folder: Path) -> Path:
    """Create a folder that an unprivileged program may use; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(folder, UNPRIVILEGED_USER)
    return folder
