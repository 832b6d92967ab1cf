"""`flask restore`: the whole copy into an empty database, or nothing."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import make_url

from taskapi.backup import commands
from tests.api_keys.holding import make_key
from tests.backstage import limited, run
from tests.databases import release_newer_schema
from tests.operations.commands import kind_of, one_line, refusal, start, tables
from tests.operations.conftest import Fresh
from tests.operations.test_backup import limit_files
from tests.support import Client
from tests.system.sql import execute

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


@pytest.fixture
def saved(ann: Client, file: Path) -> Path:
    """Return a backup of a database with a task of Ann's."""
    ann.make_task(title="Écrire à Zoë")
    run(ann.app, "backup", str(file))
    return file


def found(client: Client, words: str) -> list[str]:
    answer = client.get(f"tasks?q={words}")
    return [task["title"] for task in answer.json["items"]]


def interrupted(restore: Callable[..., None]) -> Callable[..., None]:
    """Return a restore after whose commit the command comes to an end."""

    def restore_and_end(*arguments: Any, **options: Any) -> None:
        restore(*arguments, **options)
        raise OSError(errno.EINTR, "interrupted")

    return restore_and_end


def place(app: Flask) -> Path:
    """Return the file of an SQLite database."""
    return Path(str(make_url(app.extensions["settings"].database_url).database))


def beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def test_a_restored_copy_is_the_service_again(
    ann: Client, saved: Path, empty: Flask
) -> None:
    said = run(empty, "restore", str(saved))

    there = Client(empty, "ann").log_in()
    assert "Restored 1 accounts and 1 tasks" in said
    assert there.get("/health").status_code == 200
    assert there.get("tasks").json == ann.get("tasks").json


@pytest.mark.parametrize("revoke", [False, True])
def test_restore_ends_sessions_and_keys_if_asked(
    ann: Client, empty: Flask, file: Path, *, revoke: bool
) -> None:
    key = {"X-API-Key": make_key(ann)["api_key"]}
    run(ann.app, "backup", str(file))

    run(empty, "restore", str(file), *(["--revoke-keys"] if revoke else []))

    assert limited(ann, empty).get("tasks").status_code == 401
    status = Client(empty).get("tasks", headers=key).status_code
    assert status == (401 if revoke else 200)


def test_restore_ends_sessions_in_the_same_transaction(
    ann: Client, empty: Flask, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(ann.app, "backup", str(file))
    kind = commands.ENGINES[kind_of(empty)]
    monkeypatch.setattr(kind, "restore", interrupted(kind.restore))

    refusal(empty, "restore", file)

    assert tables(empty)
    assert limited(ann, empty).get("tasks").status_code == 401


def test_search_goes_on_in_a_restored_copy(
    ann: Client, saved: Path, empty: Flask
) -> None:
    run(empty, "restore", str(saved))
    there = Client(empty, "ann").log_in()

    there.make_task(title="Zoë answers")

    assert found(there, "ecrire") == ["Écrire à Zoë"]
    assert sorted(found(there, "zoe")) == ["Zoë answers", "Écrire à Zoë"]


def test_a_service_that_waits_for_its_tables_sees_them_without_a_restart(
    saved: Path, empty: Flask
) -> None:
    waiting = Client(empty)
    execute(empty, "SELECT 1")  # it has connected, and made the file of SQLite
    before = waiting.get("/health").status_code

    run(empty, "restore", str(saved))

    assert (before, waiting.get("/health").status_code) == (503, 200)


def test_a_database_with_tables_is_never_touched(ann: Client, saved: Path) -> None:
    later = ann.make_task()

    said = refusal(ann.app, "restore", saved)

    assert "is not empty: it has " in said
    assert "The database is unchanged." in said
    assert ann.get(f"tasks/{later['id']}").status_code == 200


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_is_left_of_a_backup_is_refused(
    saved: Path, empty: Flask, damage: Damage
) -> None:
    saved.write_bytes(damage(saved.read_bytes()))

    said = refusal(empty, "restore", saved)

    assert str(saved) in said
    assert tables(empty) == 0


def test_a_file_that_is_missing_is_named(empty: Flask, file: Path) -> None:
    assert f"{file}: No such file" in refusal(empty, "restore", file)


def test_a_backup_of_the_other_kind_is_refused(
    app: Flask, apps: dict[str, Flask], file: Path, empty: Flask
) -> None:
    run(apps[OTHER[kind_of(app)]], "backup", str(file))

    said = refusal(empty, "restore", file)

    assert "is a backup of " in said
    assert tables(empty) == 0


def test_backup_of_older_release_must_be_migrated(
    ann: Client,
    saved: Path,
    empty: Flask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release_newer_schema(monkeypatch)

    output = run(empty, "restore", str(saved))

    assert "run `flask db upgrade` now" in output
    assert Client(empty).get("/health").status_code == 503


def test_a_backup_of_a_newer_release_is_refused(
    fresh: Fresh, empty: Flask, file: Path
) -> None:
    newer = fresh()
    with newer.app_context():
        flask_migrate.upgrade()
    execute(newer, RENAME, name="ffff00001111")
    run(newer, "backup", str(file))

    said = refusal(empty, "restore", file)

    assert "ffff00001111 of a newer release" in said
    assert "Restore it with the release that created it" in said
    assert tables(empty) == 0


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_disk_that_is_full_leaves_nothing_half_restored(
    saved: Path, empty: Flask
) -> None:
    done = start(empty, "restore", saved, preexec_fn=limit_files(65_536))

    assert "The database is unchanged." in one_line(done.returncode, done.stderr)
    assert list(place(empty).parent.iterdir()) == []


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_a_restore_that_fails_midway_leaves_nothing(saved: Path, empty: Flask) -> None:
    execute(empty, "CREATE VIEW tasks AS SELECT 1 AS one")  # in the way of the table

    said = refusal(empty, "restore", saved)

    assert 'relation "tasks" already exists' in said
    assert tables(empty) == 0


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_is_left_of_a_lost_database_is_not_thrown_away(
    saved: Path, empty: Flask, ending: str
) -> None:
    rest = beside(place(empty), ending)
    rest.write_text("the last writes")

    said = refusal(empty, "restore", saved)

    assert f"{rest} belongs to a database file that was removed" in said
    assert rest.read_text() == "the last writes"


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_database_in_use_is_no_backup(ann: Client, empty: Flask) -> None:
    used = place(ann.app)

    done = start(empty, "restore", used)  # in this process it would end our locks

    assert "is a database in use" in one_line(done.returncode, done.stderr)
