"""`flask backup`: a whole copy under load, or nothing."""

import os
import resource
import stat
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest
from flask import Flask
from sqlalchemy import make_url

from taskapi.backup import sqlite
from tests.backstage import run
from tests.operations.commands import kind_of, one_line, refusal, start, tables
from tests.operations.conftest import Fresh
from tests.support import Client
from tests.system.sql import execute

MakeApp = Callable[..., Flask]
ENOUGH = 20
MANY = 500
STEPS = 20
ROOM = {"sqlite": 65_536, "postgresql": 16_384}
OLD = '#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6"\n'
NOSY = """#!/bin/sh
[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 99.1" && exit
echo "$0 $*" > {folder}/arguments
echo "$PGPASSWORD" > {folder}/password
exit 3
"""


class Writer(Thread):
    """Somebody who makes tasks without a pause, and notes which were answered."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client
        self.made: list[int] = []
        self.busy, self.over = Event(), Event()

    def run(self) -> None:
        while not self.over.is_set():
            self.made.append(self.client.make_task()["id"])
            if len(self.made) >= ENOUGH:
                self.busy.set()

    def stop(self) -> None:
        self.over.set()
        self.join()


class Interruption:
    """A progress bar that makes a task at each step, and gives up after many."""

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
        self.client.make_task()


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what puts another pg_dump on an otherwise empty PATH."""
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
    """Return what lets a process write no file beyond a size, like a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def ids(app: Flask) -> set[int]:
    return {number for (number,) in execute(app, "SELECT id FROM tasks")}


def test_a_copy_holds_all_that_was_answered_before_it_began(
    ann: Client, empty: Flask, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PAGES", 1)  # so that writes fall between the steps
    writer = Writer(ann)
    writer.start()
    writer.busy.wait()
    before = set(writer.made)

    run(ann.app, "backup", str(file))
    writer.stop()
    run(empty, "restore", str(file))

    assert before <= ids(empty) <= set(writer.made)
    assert len(writer.made) > len(before)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_writes_between_its_steps_do_not_begin_a_copy_anew(
    ann: Client, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Interruption(ann)

    def begin(_label: str, pages: int) -> Interruption:
        monkeypatch.setattr(sqlite, "PAGES", pages // STEPS + 1)
        return shown

    monkeypatch.setattr(sqlite, "progress_bar", begin)

    run(ann.app, "backup", str(file))

    assert shown.pos + 1 >= shown.steps > 10


def test_a_copy_is_one_file_for_its_owner_alone(ann: Client, file: Path) -> None:
    said = run(ann.app, "backup", str(file))

    assert said.startswith(f"Wrote {file}: ")
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_nothing_is_drawn_where_nobody_watches(ann: Client, file: Path) -> None:
    done = start(ann.app, "backup", file)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1


def test_a_file_that_exists_is_never_overwritten(app: Flask, file: Path) -> None:
    file.write_text("mine")

    said = refusal(app, "backup", file)

    assert "already exists. Choose another file name." in said
    assert file.read_text() == "mine"


def test_a_file_that_appears_meanwhile_is_not_overwritten(
    app: Flask, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda h: file.write_text("mine") and sync(h))

    said = refusal(app, "backup", file)

    assert "File exists" in said
    assert [p.read_text() for p in file.parent.iterdir()] == ["mine"]


def test_a_folder_that_is_missing_is_named(app: Flask, tmp_path: Path) -> None:
    said = refusal(app, "backup", tmp_path / "nowhere" / "x")

    assert f"{tmp_path / 'nowhere'}: No such file or directory" in said


def test_a_database_without_tables_is_not_backed_up(empty: Flask, file: Path) -> None:
    refusal(empty, "backup", file)

    assert list(file.parent.iterdir()) == []
    assert tables(empty) == 0


def test_a_full_disk_leaves_no_half_backup(ann: Client, file: Path) -> None:
    ann.make_task()

    room = limit_files(ROOM[kind_of(ann.app)])
    done = start(ann.app, "backup", file, preexec_fn=room)

    said = one_line(done.returncode, done.stderr)
    assert "Nothing was written." in said
    assert list(file.parent.iterdir()) == []


def test_a_server_out_of_reach_is_said_in_a_line(make_app: MakeApp, file: Path) -> None:
    address = "postgresql+psycopg://ann:hunter2@127.0.0.1:1/x"

    said = refusal(make_app(database_url=address), "backup", file)

    assert "is unreachable" in said
    assert "hunter2" not in said
    assert list(file.parent.iterdir()) == []


def test_a_missing_pg_dump_is_named_with_its_package(
    postgresql: Flask, file: Path, on_path: Callable[..., None]
) -> None:
    said = refusal(postgresql, "backup", file)

    assert "pg_dump is missing. Install postgresql-client-" in said


def test_a_pg_dump_older_than_the_server_is_refused(
    postgresql: Flask, file: Path, on_path: Callable[..., None]
) -> None:
    on_path(OLD)

    said = refusal(postgresql, "backup", file)

    assert "pg_dump is of PostgreSQL 9, older than the server" in said
    assert "Install postgresql-client-" in said
    assert list(file.parent.iterdir()) == []


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_the_password_is_on_no_command_line(
    app: Flask, fresh: Fresh, file: Path, on_path: Callable[..., None]
) -> None:
    url = make_url(app.extensions["settings"].database_url)
    password = url.password or "open-sesame"
    address = url.set(password=password).render_as_string(hide_password=False)
    on_path(NOSY.format(folder=file.parent))

    said = refusal(fresh(database_url=address), "backup", file)

    assert "pg_dump failed: it ended with status 3." in said
    assert (file.parent / "password").read_text().strip() == password
    assert f":{password}" not in (file.parent / "arguments").read_text() + said
