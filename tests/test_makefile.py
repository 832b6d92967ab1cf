"""Virtual environments that make creates, with a stub of Python."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYTHON = """#!/bin/sh
# a stub of python3: it creates environments whose python is this file, too
echo "$@" >> "$CALLS"
case "$*" in *"$INTERRUPTED_AT"*) [ -z "$INTERRUPTED_AT" ] || exit 130;; esac
case "$*" in "-m venv --clear "*)
  rm -rf "$4" && mkdir -p "$4/bin" && cp "$0" "$4/bin/python";; esac
"""
LOCKS = ("requirements.txt", "requirements-dev.txt")
INSTALLED_AT = 1_000_000_000
CREATED, INSTALLED = "venv --clear .venv", "install --quiet"
pytestmark = pytest.mark.skipif(
    not shutil.which("make") and not os.environ.get("CI"), reason="make is missing"
)


class Checkout:
    """A folder with the Makefile and the lock files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        self.python = folder / "python"
        self.python.write_text(PYTHON)
        self.python.chmod(0o755)
        for name in ("Makefile", *LOCKS):
            shutil.copy(ROOT / name, folder)

    def make(self, interrupted_at: str = "", target: str = "install") -> list[str]:
        """Run make, interrupted at a command that matches; return its commands."""
        self.calls.write_text("")
        variables = {"PATH": os.environ["PATH"], "CALLS": str(self.calls)}
        variables["INTERRUPTED_AT"] = interrupted_at
        command = ["make", target, f"PYTHON={self.python}", "UV="]
        process = subprocess.run(  # noqa: S603 - our own Makefile
            command, cwd=self.folder, env=variables, capture_output=True, check=False
        )
        assert (process.returncode == 0) == (not interrupted_at), process.stderr
        return self.calls.read_text().splitlines()

    def change(self, lock: str) -> None:
        """Make a lock file newer than the environment."""
        for stamp in ("run", "dev"):
            os.utime(self.folder / ".venv" / stamp, (INSTALLED_AT, INSTALLED_AT))
        for name in LOCKS:
            changed_at = INSTALLED_AT + (1 if name == lock else -1)
            os.utime(self.folder / name, (changed_at, changed_at))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return a folder with the files of a clone that make reads."""
    return Checkout(tmp_path)


def number(commands: list[str], wanted: str) -> int:
    return sum(wanted in command for command in commands)


def test_make_installs_everything_once(checkout: Checkout) -> None:
    first = checkout.make()

    again = checkout.make()

    assert (number(first, CREATED), number(first, INSTALLED)) == (1, 2)
    assert number(first, "--no-deps --require-hashes") == 2
    assert number(first, "pip check") == 2
    assert again == []


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("venv --clear", id="while the environment is created"),
        pytest.param("-r requirements.txt", id="while packages are installed"),
        pytest.param("-r requirements-dev.txt", id="while more are installed"),
        pytest.param("pip check", id="while they are checked"),
    ],
)
def test_make_recreates_an_interrupted_environment(
    checkout: Checkout, place: str
) -> None:
    checkout.make(interrupted_at=place)

    repaired = checkout.make()

    assert number(repaired, CREATED) == 1
    assert number(repaired, INSTALLED) == 2
    assert checkout.make() == []


def test_make_recreates_an_environment_without_its_python(
    checkout: Checkout,
) -> None:
    checkout.make()
    (checkout.folder / ".venv/bin/python").unlink()
    checkout.change("requirements.txt")

    repaired = checkout.make()

    assert number(repaired, CREATED) == 1


def test_make_repairs_an_update_that_was_interrupted(checkout: Checkout) -> None:
    checkout.make()
    checkout.change("requirements-dev.txt")
    checkout.make(interrupted_at="-r requirements-dev.txt")

    repaired = checkout.make()

    assert number(repaired, CREATED) == 1
    assert checkout.make() == []


def test_make_updates_a_complete_environment_in_place(checkout: Checkout) -> None:
    checkout.make()
    checkout.change("requirements-dev.txt")

    updated = checkout.make()

    assert number(updated, CREATED) == 0
    assert number(updated, INSTALLED) == 1
