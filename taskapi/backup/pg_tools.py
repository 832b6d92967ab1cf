"""PostgreSQL's own programs: found, told where to connect, and watched."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from taskapi import progress
from taskapi.console import CommandError

VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
STEP = re.compile(r"pg_\w+: (dumping contents|creating|processing data|executing)")
ERROR = re.compile(r"pg_\w+: (?:error|fatal): (.+)")
PLAIN = {"LC_ALL": "C"}


class Server(NamedTuple):
    """Where the database is, in the variables that libpq reads, and what it is."""

    major: int
    variables: dict[str, str]
    tables: int


class Task(NamedTuple):
    """What to show while a program runs."""

    label: str
    steps: int


def find(name: str, server: Server) -> str:
    """Return the path of a program that is not older than the server."""
    package = f"postgresql-client-{server.major}"
    remedy = f"install {package} (Debian's name for it) and let PATH find it first"
    found = shutil.which(name)
    if found is None:
        raise CommandError(f"{name} is missing; {remedy}.")
    said = VERSION.search(_ask([found, "--version"], "failed"))
    if said is None or int(said[1]) < server.major:
        version = said[1] if said else "an unknown version"
        raise CommandError(
            f"{name} is of PostgreSQL {version}, older than the server "
            f"({server.major}); {remedy}."
        )
    return found


def read(words: Sequence[str | Path], file: Path) -> str:
    """Run a program that reads a file to its end, and return what it prints."""
    return _ask([*words, file], f"cannot read {file}")


def run(words: Sequence[str | Path], server: Server, task: Task) -> None:
    """Run a program that tells of each step, and show how far it is."""
    said: list[str] = []
    with (
        subprocess.Popen(
            words,
            env=PLAIN | server.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as process,
        progress.bar(task.label, task.steps) as shown,
    ):
        for line in process.stderr or ():
            said.append(line)
            shown.update(bool(STEP.match(line)))
    _refuse_failure(process.returncode, f"{Path(words[0]).name} failed", "".join(said))


def _ask(words: Sequence[str | Path], failure: str) -> str:
    done = subprocess.run(
        words, env=PLAIN, capture_output=True, text=True, errors="replace", check=False
    )
    _refuse_failure(done.returncode, f"{Path(words[0]).name} {failure}", done.stderr)
    return done.stdout


def _refuse_failure(status: int, failure: str, said: str) -> None:
    if status:
        error = ERROR.search(said)
        cause = error[1] if error else f"it ended with status {status}"
        raise CommandError(f"{failure}: {cause.rstrip('.')}.")
