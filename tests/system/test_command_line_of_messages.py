"""Commands in messages, which operators copy into a shell."""

import sys
from pathlib import Path

import pytest

from taskapi.server.command_line import flask_command

pytestmark = pytest.mark.one_database


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the program `flask` of a new environment whose Python is running."""
    path = tmp_path / ".venv" / "bin" / "flask"
    path.parent.mkdir(parents=True)
    path.touch(mode=0o700)
    monkeypatch.setattr(sys, "executable", str(path.with_name("python")))
    monkeypatch.chdir("/")
    monkeypatch.setenv("PATH", "/usr/bin")
    return path


def test_command_has_the_relative_path_in_the_checkout(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(program.parents[2])

    assert flask_command("db upgrade") == ".venv/bin/flask db upgrade"


def test_command_has_the_absolute_path_elsewhere(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/usr")

    assert flask_command("doctor") == f"{program} doctor"


def test_command_has_no_path_if_the_shell_finds_the_program(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"/usr/bin:{program.parent}")

    assert flask_command("doctor") == "flask doctor"


def test_command_has_no_path_without_the_program(program: Path) -> None:
    program.unlink()

    assert flask_command("doctor") == "flask doctor"
