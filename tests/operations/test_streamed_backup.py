"""`flask backup -` and `flask restore -`: standard output and standard input."""

from pathlib import Path

import pytest

from tests.helpers.client import Client
from tests.helpers.sql import execute
from tests.operations.commands import run_shell
from tests.operations.conftest import Fresh


def test_backup_is_written_to_standard_output(
    ann: Client, fresh: Fresh, file: Path
) -> None:
    ann.create_task(title="Écrire à Zoë")

    backup = run_shell(ann.app, f"flask backup - > {file}")
    restored = fresh()
    restore = run_shell(restored, f"flask restore - < {file}")

    assert backup.stdout == ""
    assert " kB to standard output, schema " in backup.stderr
    assert restore.returncode == 0, restore.stderr
    assert " 1 tasks" in restore.stdout
    assert execute(restored, "SELECT title FROM tasks") == [("Écrire à Zoë",)]


@pytest.mark.one_database
def test_failed_backup_writes_nothing(fresh: Fresh, file: Path) -> None:
    backup = run_shell(fresh(), f"flask backup - > {file}")

    assert backup.returncode == 1
    assert file.read_bytes() == b""
    assert "Nothing was written." in backup.stderr


@pytest.mark.one_database
def test_damaged_input_is_rejected(ann: Client, fresh: Fresh, file: Path) -> None:
    run_shell(ann.app, f"flask backup - | head -c 5000 > {file}")

    restore = run_shell(fresh(), f"flask restore - < {file}")

    assert restore.returncode == 1
    assert "Standard input" in restore.stderr
    assert "/taskapi-" not in restore.stderr
    assert "The database is unchanged." in restore.stderr
