"""`flask restore` into an empty database, and after failures."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import make_url

from taskapi.backup import commands
from taskapi.server.command_line import flask_command
from tests.api_keys.clients import create_key
from tests.helpers.cli import run
from tests.helpers.client import Client, with_app
from tests.helpers.databases import release_newer_schema
from tests.helpers.sql import execute
from tests.operations.commands import (
    database_kind,
    error_line,
    run_failing,
    run_process,
    table_count,
)
from tests.operations.conftest import Fresh
from tests.operations.test_backup import limit_files

RENAME = "UPDATE alembic_version SET version_num = :name"
OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}
Damage = Callable[[bytes], bytes]
DAMAGES: dict[str, Damage] = {
    "nothing": lambda _: b"",
    "a text": lambda _: b"CREATE TABLE users (id INTEGER);",
    "its head": lambda content: content[:50],
    "a page": lambda content: content[:4096],
    "a half": lambda content: content[: len(content) // 2],
    "all but a bit": lambda content: content[:-1],
}
TYPICAL_DAMAGES = {"a text", "all but a bit"}
"""`make test-all` tries all of them."""


@pytest.fixture
def saved(ann: Client, file: Path) -> Path:
    """Return a backup of a database with one task."""
    ann.create_task(title="Écrire à Zoë")
    run(ann.app, "backup", str(file))
    return file


def found(client: Client, words: str) -> list[str]:
    response = client.get(f"tasks?q={words}")
    return [task["title"] for task in response.json["items"]]


def interrupted(restore: Callable[..., None]) -> Callable[..., None]:
    """Return a restore that raises OSError after it has committed."""

    def restore_and_end(*arguments: Any, **options: Any) -> None:
        restore(*arguments, **options)
        raise OSError(errno.EINTR, "interrupted")

    return restore_and_end


def database_file(app: Flask) -> Path:
    """Return the file of an SQLite database."""
    return Path(str(make_url(app.extensions["settings"].database_url).database))


def sibling(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def test_restored_database_serves_the_same_tasks(
    ann: Client, saved: Path, empty: Flask
) -> None:
    output = run(empty, "restore", str(saved))

    restored = Client(empty, "ann").log_in()
    assert "Restored 1 accounts and 1 tasks" in output
    assert restored.get("/health").status_code == 200
    assert restored.get("tasks").json == ann.get("tasks").json


@pytest.mark.parametrize("revoke", [False, True])
def test_restore_ends_sessions_and_keys_on_request(
    ann: Client, empty: Flask, file: Path, *, revoke: bool
) -> None:
    key = {"X-API-Key": create_key(ann)["api_key"]}
    run(ann.app, "backup", str(file))

    run(empty, "restore", str(file), *(["--revoke-keys"] if revoke else []))

    assert with_app(ann, empty).get("tasks").status_code == 401
    status = Client(empty).get("tasks", headers=key).status_code
    assert status == (401 if revoke else 200)


def test_restore_ends_sessions_in_the_same_transaction(
    ann: Client, empty: Flask, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(ann.app, "backup", str(file))
    kind = commands.ENGINES[database_kind(empty)]
    monkeypatch.setattr(kind, "restore", interrupted(kind.restore))

    run_failing(empty, "restore", file)

    assert table_count(empty)
    assert with_app(ann, empty).get("tasks").status_code == 401


def test_search_works_in_a_restored_database(
    ann: Client, saved: Path, empty: Flask
) -> None:
    run(empty, "restore", str(saved))
    restored = Client(empty, "ann").log_in()

    restored.create_task(title="Zoë calls")

    assert found(restored, "ecrire") == ["Écrire à Zoë"]
    assert sorted(found(restored, "zoe")) == ["Zoë calls", "Écrire à Zoë"]


def test_running_service_sees_restored_tables(saved: Path, empty: Flask) -> None:
    waiting = Client(empty)
    execute(empty, "SELECT 1")  # a connected app has created the SQLite file
    before = waiting.get("/health").status_code

    run(empty, "restore", str(saved))

    assert (before, waiting.get("/health").status_code) == (503, 200)


def test_restore_never_changes_a_database_with_tables(ann: Client, saved: Path) -> None:
    later = ann.create_task()

    output = run_failing(ann.app, "restore", saved)

    assert "is not empty: it has " in output
    assert "The database is unchanged." in output
    assert ann.get(f"tasks/{later['id']}").status_code == 200


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(
            damage, id=name, marks=[] if name in TYPICAL_DAMAGES else [pytest.mark.slow]
        )
        for name, damage in DAMAGES.items()
    ],
)
def test_damaged_backup_is_rejected(saved: Path, empty: Flask, damage: Damage) -> None:
    saved.write_bytes(damage(saved.read_bytes()))

    output = run_failing(empty, "restore", saved)

    assert str(saved) in output
    assert table_count(empty) == 0


def test_restore_of_a_missing_file_is_rejected(empty: Flask, file: Path) -> None:
    assert f"{file}: No such file" in run_failing(empty, "restore", file)


def test_backup_of_the_other_kind_of_database_is_rejected(
    app: Flask, apps: dict[str, Flask], file: Path, empty: Flask
) -> None:
    run(apps[OTHER[database_kind(app)]], "backup", str(file))

    output = run_failing(empty, "restore", file)

    assert "is a backup of " in output
    assert table_count(empty) == 0


def test_backup_of_older_release_must_be_migrated(
    ann: Client,
    saved: Path,
    empty: Flask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release_newer_schema(monkeypatch)

    output = run(empty, "restore", str(saved))

    assert f"run `{flask_command('db upgrade')}` now" in output
    assert Client(empty).get("/health").status_code == 503


def test_backup_of_a_newer_release_is_rejected(
    fresh: Fresh, empty: Flask, file: Path
) -> None:
    newer = fresh()
    with newer.app_context():
        flask_migrate.upgrade()
    execute(newer, RENAME, name="ffff00001111")
    run(newer, "backup", str(file))

    output = run_failing(empty, "restore", file)

    assert "ffff00001111 of a newer release" in output
    assert "Restore it with the release that created it" in output
    assert table_count(empty) == 0


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_restore_on_a_full_disk_leaves_nothing(saved: Path, empty: Flask) -> None:
    result = run_process(empty, "restore", saved, prepare=limit_files(65_536))

    assert "The database is unchanged." in error_line(result.returncode, result.stderr)
    assert list(database_file(empty).parent.iterdir()) == []


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("command", ["restore missing.backup", "doctor", "users list"])
def test_failed_command_leaves_no_secret_and_no_folder(
    app: Flask, tmp_path: Path, command: str
) -> None:
    address = f"sqlite:///{tmp_path}/absent/tasks.db"
    variables = {"SECRET_KEY": "", "DATABASE_URL": address}

    result = run_process(app, *command.split(), variables=variables)

    assert result.returncode == 1
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_restore_that_fails_midway_leaves_nothing(saved: Path, empty: Flask) -> None:
    execute(
        empty, "CREATE VIEW tasks AS SELECT 1 AS one"
    )  # it prevents the creation of the table

    output = run_failing(empty, "restore", saved)

    assert 'relation "tasks" already exists' in output
    assert table_count(empty) == 0


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_restore_keeps_the_log_of_a_removed_database(
    saved: Path, empty: Flask, ending: str
) -> None:
    rest = sibling(database_file(empty), ending)
    rest.write_text("the last writes")

    output = run_failing(empty, "restore", saved)

    assert f"{rest} belongs to a database file that was removed" in output
    assert rest.read_text() == "the last writes"


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_restore_rejects_a_database_in_use(ann: Client, empty: Flask) -> None:
    used = database_file(ann.app)

    result = run_process(
        empty, "restore", used
    )  # in this process, closing the file would release our locks

    assert "is a database in use" in error_line(result.returncode, result.stderr)
