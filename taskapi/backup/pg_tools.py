"""Execution of pg_dump and pg_restore."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from taskapi.console import CommandError, progress_bar

VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
STEP = re.compile(r"pg_\w+: (dumping contents|creating|processing data|executing)")
ERROR = re.compile(r"pg_\w+: (?:error|fatal): (.+)")
ENVIRONMENT = {"LC_ALL": "C"}
"""Untranslated messages, which the expressions above match."""


class Server(NamedTuple):
    """The database server, with its address in the environment variables of libpq.

    Variables keep the password off the command line, which other users can read.
    """

    major: int
    variables: dict[str, str]
    tables: int


class Progress(NamedTuple):
    """The label and the number of steps of a progress bar."""

    label: str
    steps: int


def find_program(name: str, server: Server) -> str:
    """Return the path of a program that is not older than the server."""
    package = f"postgresql-client-{server.major}"
    remedy = f"Install {package} (its name in Debian), and put it first in PATH."
    path = shutil.which(name)
    if path is None:
        raise CommandError(f"{name} is missing. {remedy}")
    match = VERSION.search(_capture([path, "--version"], "failed"))
    if match is None or int(match[1]) < server.major:
        version = match[1] if match else "an unknown version"
        raise CommandError(
            f"{name} is of PostgreSQL {version}, older than the server "
            f"({server.major}). {remedy}"
        )
    return path


def read(command: Sequence[str | Path], file: Path) -> str:
    """Run a program that reads a file to its end; return its output."""
    return _capture([*command, file], f"cannot read {file}")


def run(command: Sequence[str | Path], server: Server, progress: Progress) -> None:
    """Run a program that reports each step, and show a progress bar."""
    messages: list[str] = []
    with (
        subprocess.Popen(
            command,
            env=ENVIRONMENT | server.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as process,
        progress_bar(progress.label, progress.steps) as bar,
    ):
        for line in process.stderr or ():
            messages.append(line)
            bar.update(bool(STEP.match(line)))
    failure = f"{Path(command[0]).name} failed"
    _check_status(process.returncode, failure, "".join(messages))


def _capture(command: Sequence[str | Path], failure: str) -> str:
    done = subprocess.run(
        command,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    failure = f"{Path(command[0]).name} {failure}"
    _check_status(done.returncode, failure, done.stderr)
    return done.stdout


def _check_status(status: int, failure: str, messages: str) -> None:
    if status:
        error = ERROR.search(messages)
        cause = error[1] if error else f"it ended with status {status}"
        raise CommandError(f"{failure}: {cause.rstrip('.')}.")
