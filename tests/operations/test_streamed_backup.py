"""`flask backup -` and `flask restore -`: standard output and standard input."""

import os
from pathlib import Path

import pytest

from tests.helpers.client import Client
from tests.helpers.forked import STDIN, STDOUT
from tests.helpers.sql import execute
from tests.operations.commands import run_process
from tests.operations.conftest import Fresh


def test_backup_is_written_to_standard_output(
    ann: Client, fresh: Fresh, file: Path
) -> None:
    ann.create_task(title="Écrire à Zoë")

    backup = run_process(ann.app, "backup", "-", files={STDOUT: file})
    restored = fresh()
    restore = run_process(restored, "restore", "-", files={STDIN: file})

    assert " kB to standard output, schema " in backup.stderr
    assert restore.returncode == 0, restore.stderr
    assert " 1 tasks" in restore.stdout
    assert execute(restored, "SELECT title FROM tasks") == [("Écrire à Zoë",)]


@pytest.mark.one_database
def test_failed_backup_writes_nothing(fresh: Fresh, file: Path) -> None:
    backup = run_process(fresh(), "backup", "-", files={STDOUT: file})

    assert backup.returncode == 1
    assert file.read_bytes() == b""
    assert "Nothing was written." in backup.stderr


@pytest.mark.one_database
def test_damaged_input_is_rejected(ann: Client, fresh: Fresh, file: Path) -> None:
    run_process(ann.app, "backup", "-", files={STDOUT: file})
    os.truncate(file, 5000)

    restore = run_process(fresh(), "restore", "-", files={STDIN: file})

    assert restore.returncode == 1
    assert "Standard input" in restore.stderr
    assert "/taskapi-" not in restore.stderr
    assert "The database is unchanged." in restore.stderr
