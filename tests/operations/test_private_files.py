"""The SQLite database is private to the user of the service."""

from collections.abc import Callable
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from taskapi import db
from taskapi.doctor import files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "instance"
    folder.mkdir(mode=0o700)
    return folder / "taskapi.db"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_new_database_is_private(make_app: Callable[..., Flask], file: Path) -> None:
    app = make_app(database_url=f"sqlite:///{file}")

    with app.app_context():
        with db.database.engine.connect() as connection:
            connection.execute(text("CREATE TABLE a (b)"))
            siblings = [file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm")]
            modes = [mode(path) for path in (file, *siblings)]
        db.database.engine.dispose()

    assert modes == [0o600] * 3


def test_migration_creates_a_private_folder(
    make_app: Callable[..., Flask], file: Path
) -> None:
    file.parent.rmdir()
    app = make_app(database_url=f"sqlite:///{file}")

    with app.app_context():
        flask_migrate.upgrade()
        db.database.engine.dispose()

    assert (mode(file.parent), mode(file)) == (0o700, 0o600)


@pytest.mark.parametrize("part", ["folder", "", "-wal", "-shm"])
def test_doctor_warns_of_accessible_files(
    make_app: Callable[..., Flask], file: Path, part: str
) -> None:
    exposed = file.parent if part == "folder" else file.with_name(file.name + part)
    file.touch(mode=0o600)
    if part != "folder":
        exposed.touch()
    exposed.chmod(0o755 if part == "folder" else 0o644)
    app = make_app(database_url=f"sqlite:///{file}")

    with app.app_context():
        findings = {finding.check: finding for finding in files.check()}

    assert findings["private"].state == "warn"
    assert str(exposed) in findings["private"].message
    assert str(exposed) in findings["private"].remedy
