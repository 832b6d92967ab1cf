"""`flask backup` under load and after failures."""

import os
import resource
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest
from flask import Flask
from sqlalchemy import make_url

from taskapi.backup import sqlite
from tests.helpers.cli import run
from tests.helpers.client import Client
from tests.helpers.sql import execute
from tests.operations.commands import (
    database_kind,
    error_line,
    run_failing,
    run_process,
    table_count,
)
from tests.operations.conftest import Fresh

MakeApp = Callable[..., Flask]
MIN_TASKS = 20
MANY = 500
STEPS = 20
ROOM = {"sqlite": 65_536, "postgresql": 16_384}
OLD = '#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6"\n'
RECORDING = """#!/bin/sh
[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 99.1" && exit
echo "$0 $*" > {folder}/arguments
echo "$PGPASSWORD" > {folder}/password
exit 3
"""


class Writer(Thread):
    """A thread that creates tasks without a pause, and records those confirmed."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client
        self.created: list[int] = []
        self.is_busy, self.stopped = Event(), Event()

    def run(self) -> None:
        while not self.stopped.is_set():
            self.created.append(self.client.create_task()["id"])
            if len(self.created) >= MIN_TASKS:
                self.is_busy.set()

    def stop(self) -> None:
        self.stopped.set()
        self.join()


class Interruption:
    """A progress bar that creates a task at each step, up to a limit."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.pos = self.steps = 0

    def __enter__(self) -> "Interruption":
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def update(self, pages: int) -> None:
        self.pos += pages
        self.steps += 1
        assert self.steps < MANY
        self.client.create_task()


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that puts a script named pg_dump into an empty PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(script: str) -> None:
        program = folder / "pg_dump"
        program.write_text(script)
        program.chmod(0o755)

    return put


@pytest.fixture
def postgresql(apps: dict[str, Flask]) -> Flask:
    return apps["postgresql"]


def limit_files(size: int) -> Callable[[], None]:
    """Return a function that limits the size of files, like a full disk."""
    return partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size))


def ids(app: Flask) -> set[int]:
    return {number for (number,) in execute(app, "SELECT id FROM tasks")}


def test_backup_contains_all_confirmed_changes(
    ann: Client, empty: Flask, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PAGES", 1)  # writes happen between the steps
    writer = Writer(ann)
    writer.start()
    writer.is_busy.wait()
    before = set(writer.created)

    run(ann.app, "backup", str(file))
    writer.stop()
    run(empty, "restore", str(file))

    assert before <= ids(empty) <= set(writer.created)
    assert len(writer.created) > len(before)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_concurrent_writes_do_not_restart_a_backup(
    ann: Client, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Interruption(ann)

    def begin(_label: str, pages: int) -> Interruption:
        monkeypatch.setattr(sqlite, "PAGES", pages // STEPS + 1)
        return shown

    monkeypatch.setattr(sqlite, "progress_bar", begin)

    run(ann.app, "backup", str(file))

    assert shown.pos + 1 >= shown.steps > 10


def test_backup_is_a_single_private_file(ann: Client, file: Path) -> None:
    output = run(ann.app, "backup", str(file))

    assert f" kB to {file}, schema " in output
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.one_database
def test_backup_draws_no_progress_bar_without_a_terminal(
    ann: Client, file: Path
) -> None:
    result = run_process(ann.app, "backup", file)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1


def test_backup_never_replaces_a_file(app: Flask, file: Path) -> None:
    file.write_text("mine")

    output = run_failing(app, "backup", file)

    assert "already exists. Choose another file name." in output
    assert file.read_text() == "mine"


def test_backup_never_replaces_a_file_created_while_it_runs(
    app: Flask, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda h: file.write_text("mine") and sync(h))

    output = run_failing(app, "backup", file)

    assert "File exists" in output
    assert [p.read_text() for p in file.parent.iterdir()] == ["mine"]


def test_backup_into_a_missing_folder_is_rejected(app: Flask, tmp_path: Path) -> None:
    output = run_failing(app, "backup", tmp_path / "nowhere" / "x")

    assert f"{tmp_path / 'nowhere'}: No such file or directory" in output


def test_backup_of_an_empty_database_is_rejected(empty: Flask, file: Path) -> None:
    run_failing(empty, "backup", file)

    assert list(file.parent.iterdir()) == []
    assert table_count(empty) == 0


@pytest.mark.one_database
def test_backup_on_a_full_disk_leaves_no_file(ann: Client, file: Path) -> None:
    ann.create_task()

    room = limit_files(ROOM[database_kind(ann.app)])
    result = run_process(ann.app, "backup", file, prepare=room)

    output = error_line(result.returncode, result.stderr)
    assert "Nothing was written." in output
    assert list(file.parent.iterdir()) == []


def test_backup_of_an_unreachable_server_fails_with_a_message(
    make_app: MakeApp, file: Path
) -> None:
    address = "postgresql+psycopg://ann:hunter2@127.0.0.1:1/x"

    output = run_failing(make_app(database_url=address), "backup", file)

    assert "is unreachable" in output
    assert "hunter2" not in output
    assert list(file.parent.iterdir()) == []


def test_missing_pg_dump_is_reported_with_its_package(
    postgresql: Flask, file: Path, on_path: Callable[..., None]
) -> None:
    output = run_failing(postgresql, "backup", file)

    assert "pg_dump is missing. Install postgresql-client-" in output


def test_pg_dump_older_than_the_server_is_rejected(
    postgresql: Flask, file: Path, on_path: Callable[..., None]
) -> None:
    on_path(OLD)

    output = run_failing(postgresql, "backup", file)

    assert "pg_dump is of PostgreSQL 9, older than the server" in output
    assert "Install postgresql-client-" in output
    assert list(file.parent.iterdir()) == []


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_database_password_is_not_on_a_command_line(
    app: Flask, fresh: Fresh, file: Path, on_path: Callable[..., None]
) -> None:
    url = make_url(app.extensions["settings"].database_url)
    password = url.password or "open-sesame"
    address = url.set(password=password).render_as_string(hide_password=False)
    on_path(RECORDING.format(folder=file.parent))

    output = run_failing(fresh(database_url=address), "backup", file)

    assert "pg_dump failed: it ended with status 3." in output
    assert (file.parent / "password").read_text().strip() == password
    assert f":{password}" not in (file.parent / "arguments").read_text() + output
