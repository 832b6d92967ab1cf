"""The programs of docs/examples/, run unchanged."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.using.conftest import EXAMPLES, Account, need

Process = subprocess.CompletedProcess[str]
Run = Callable[..., Process]


@pytest.fixture
def run(account: Account) -> Run:
    """Return a function that runs a command with arguments and standard input."""
    place = {"TASKAPI_URL": account.address, "TASKAPI_KEY": account.access_token}

    def start(*arguments: str, given: str = "") -> Process:
        return subprocess.run(  # noqa: S603 - our own examples
            arguments,
            cwd=EXAMPLES,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin"} | place,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return start


@pytest.fixture
def sow(run: Run) -> Callable[[str], Process]:
    """Return a function that runs the Python script."""
    return lambda lines: run(sys.executable, "sow.py", given=lines)


@pytest.fixture
def today(run: Run) -> Callable[..., Process]:
    """Return a function that runs the shell script."""
    need("curl")
    need("jq")
    return lambda *arguments: run("/bin/sh", "today.sh", *arguments)


def titles(process: Process) -> list[str]:
    assert process.returncode == 0, process.stderr
    return [line.split(maxsplit=1)[1] for line in process.stdout.splitlines()]


def test_python_script_creates_each_task_once(sow: Callable[[str], Process]) -> None:
    sow("Sow\nWater\n")

    again = sow("Sow\nWater\nWeed\n")

    assert titles(again) == ["Sow", "Water", "Weed"]


def test_python_script_prints_the_problem(sow: Callable[[str], Process]) -> None:
    process = sow("x" * 256)

    assert process.returncode == 1
    assert process.stderr.startswith("validation-error: ")
    assert "Traceback" not in process.stderr


def test_shell_script_prints_open_tasks(
    sow: Callable[[str], Process], today: Callable[..., Process]
) -> None:
    sow("Sow\nWater")

    shown = today()

    assert titles(shown) == ["medium\t-\tWater", "medium\t-\tSow"]


def test_shell_script_completes_a_task(
    sow: Callable[[str], Process], today: Callable[..., Process]
) -> None:
    task_id = sow("Sow").stdout.split()[0]

    process = today("done", task_id)

    assert process.stdout == "completed: Sow\n", process.stderr
    assert titles(today()) == []


def test_shell_script_prints_the_problem(today: Callable[..., Process]) -> None:
    process = today("done", "0")

    assert process.returncode != 0
    assert process.stderr.splitlines()[-1].startswith("not-found: ")
