"""`flask` and `gunicorn` in processes that are forked after the imports.

A new process imports the project for 1.5 seconds of CPU time, and a hundred tests need
one. The fork server of the standard library imports it once, and forks a process for
each program in 0.1 seconds. Tests of the start of a program use `subprocess`.
"""

import atexit
import importlib
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

from taskapi.server import draining

ROOT = Path(__file__).parents[2]
FLASK = str(Path(sys.executable).with_name("flask"))
GUNICORN = str(Path(sys.executable).with_name("gunicorn"))
PROGRAMS = {FLASK, GUNICORN}
MODULES = ["taskapi", "config", "flask.cli", "gunicorn.app.wsgiapp", "gunicorn.systemd"]
STDIN, STDOUT, STDERR = range(3)
SECONDS_TO_END = 120

Prepare = Callable[[], object]

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(MODULES)


class ForkedProcess:
    """A running program, with methods of `subprocess.Popen`."""

    def __init__(
        self,
        command: list[str],
        variables: dict[str, str],
        files: dict[int, Path],
        prepare: Prepare = bool,
    ) -> None:
        """Start it with these environment variables and files as standard streams.

        It has a process group of its own. `prepare` is called first, and is pickled.
        """
        self._process: BaseProcess = context.Process(
            target=_run, args=(command, variables, files, prepare), daemon=True
        )
        self._process.start()
        self.pid = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; return the exit status."""
        self._process.join(timeout)
        status = self._process.exitcode
        if status is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        with suppress(ProcessLookupError):
            if self.poll() is None:
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run_flask(
    *arguments: str | Path,
    variables: dict[str, str],
    files: dict[int, Path] | None = None,
    prepare: Prepare = bool,
) -> subprocess.CompletedProcess[str]:
    """Run a `flask` command to its end; `files` replaces standard streams."""
    return run_forked([FLASK, *map(str, arguments)], variables, files, prepare)


def run_forked(
    command: list[str],
    variables: dict[str, str],
    files: dict[int, Path] | None = None,
    prepare: Prepare = bool,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; `files` replaces standard streams."""
    with tempfile.TemporaryDirectory() as folder:
        texts = {number: Path(folder, str(number)) for number in (STDOUT, STDERR)}
        process = ForkedProcess(command, variables, texts | (files or {}), prepare)
        try:
            status = process.wait(SECONDS_TO_END)
        finally:
            process.kill()
        written = [path.read_text() if path.exists() else "" for path in texts.values()]
    return subprocess.CompletedProcess(command, status, *written)


def _run(
    command: list[str],
    variables: dict[str, str],
    files: dict[int, Path],
    prepare: Prepare,
) -> None:
    """Do in the forked process what the start of a program does."""
    os.setpgid(0, 0)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(variables)
    _redirect(files)
    importlib.reload(draining)  # forked processes share its memory
    sys.argv = command
    prepare()
    try:
        runpy.run_path(command[0], run_name="__main__")
    except Exception:  # noqa: BLE001 - as the interpreter does
        sys.excepthook(*sys.exc_info())
        raise SystemExit(1) from None
    finally:
        atexit._run_exitfuncs()  # noqa: SLF001 - multiprocessing does so since 3.14 only


def _redirect(files: dict[int, Path]) -> None:
    """Replace standard streams by files."""
    for number, path in files.items():
        writing = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        opened = os.open(path, writing if number else os.O_RDONLY, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(STDIN, closefd=False)  # multiprocessing opened /dev/null
