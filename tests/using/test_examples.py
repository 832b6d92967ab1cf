"""The programs of docs/examples/, run unchanged."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.using.conftest import EXAMPLES, Account, need

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


@pytest.fixture
def run(account: Account) -> Run:
    """Return a function that runs a command with arguments and standard input."""
    place = {"TASKAPI_URL": account.address, "TASKAPI_KEY": account.access_token}

    def start(*words: str, given: str = "") -> Done:
        return subprocess.run(  # noqa: S603 - our own examples
            words,
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
def sow(run: Run) -> Callable[[str], Done]:
    """Return a function that runs the Python script."""
    return lambda lines: run(sys.executable, "sow.py", given=lines)


@pytest.fixture
def today(run: Run) -> Callable[..., Done]:
    """Return a function that runs the shell script."""
    need("curl")
    need("jq")
    return lambda *words: run("/bin/sh", "today.sh", *words)


def titles(done: Done) -> list[str]:
    assert done.returncode == 0, done.stderr
    return [line.split(maxsplit=1)[1] for line in done.stdout.splitlines()]


def test_python_script_creates_each_task_once(sow: Callable[[str], Done]) -> None:
    sow("Sow\nWater\n")

    again = sow("Sow\nWater\nWeed\n")

    assert titles(again) == ["Sow", "Water", "Weed"]


def test_python_script_prints_the_problem(sow: Callable[[str], Done]) -> None:
    done = sow("x" * 256)

    assert done.returncode == 1
    assert done.stderr.startswith("validation-error: ")
    assert "Traceback" not in done.stderr


def test_shell_script_prints_open_tasks(
    sow: Callable[[str], Done], today: Callable[..., Done]
) -> None:
    sow("Sow\nWater")

    shown = today()

    assert titles(shown) == ["medium\t-\tWater", "medium\t-\tSow"]


def test_shell_script_completes_a_task(
    sow: Callable[[str], Done], today: Callable[..., Done]
) -> None:
    task_id = sow("Sow").stdout.split()[0]

    done = today("done", task_id)

    assert done.stdout == "completed: Sow\n", done.stderr
    assert titles(today()) == []


def test_shell_script_prints_the_problem(today: Callable[..., Done]) -> None:
    done = today("done", "0")

    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith("not-found: ")
