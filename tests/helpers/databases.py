"""Empty databases of each kind, which are dropped after the test."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import make_url

from taskapi import db
from taskapi.db import migrations
from tests.conftest import SERVER

NewDatabase = Callable[..., Flask]


@contextmanager
def new_databases(folder: Path, make_app: NewDatabase) -> Iterator[NewDatabase]:
    """Yield a function that creates apps, each with its own empty database."""
    made: list[tuple[str, Flask]] = []

    def make(kind: str, **settings: Any) -> Flask:
        name = f"taskapi_{secrets.token_hex(8)}"
        on_sqlite = kind == "sqlite"
        address = f"sqlite:///{folder / name}.db" if on_sqlite else create(name)
        made.append((name, make_app(**{"database_url": address} | settings)))
        return made[-1][1]

    yield make
    for name, app in made:
        with app.app_context():
            db.database.engine.dispose()
        execute_on_server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def create(name: str) -> str:
    """Create a PostgreSQL database and return its URL."""
    execute_on_server(f"CREATE DATABASE {name}")
    url = make_url(os.environ[SERVER])
    named = url.set(drivername="postgresql+psycopg", database=name)
    return named.render_as_string(hide_password=False)


def execute_on_server(statement: str) -> None:
    with psycopg.connect(os.environ[SERVER], autocommit=True) as connection:
        connection.execute(statement)


def release_newer_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the app expect a migration that does not exist."""
    monkeypatch.setattr(migrations, "head", lambda: "next")
