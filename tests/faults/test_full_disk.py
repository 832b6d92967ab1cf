"""A full disk: writes are rejected, reads continue, and freeing space is enough."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from taskapi import db
from tests.conftest import KINDS
from tests.faults.disks import fill, small_disk
from tests.helpers.client import Client, assert_problem
from tests.helpers.programs import unprivileged_folder

LONG = secrets.token_hex(4000)
FREE_BYTES = 2**18
CREATE_TABLESPACE = "CREATE TABLESPACE {} LOCATION '{}'"
SIZES = {"sqlite": 2, "postgresql": 32}
INTEGRITY = {"sqlite": "PRAGMA integrity_check", "postgresql": "SELECT 'ok'"}
CreateDatabase = Callable[[str, Path], str]
MakeApp = Callable[..., Flask]


@pytest.fixture
def create_database(request: pytest.FixtureRequest) -> CreateDatabase:
    """Return a function that creates a database whose data is on a disk."""

    def make(kind: str, disk: Path) -> str:
        if kind == "sqlite":
            return f"sqlite:///{disk}/tasks.db"
        server = request.getfixturevalue("postgres")
        name = f"small_{secrets.token_hex(4)}"
        server.execute(
            CREATE_TABLESPACE.format(name, unprivileged_folder(disk / "data")),
            "postgres",
        )
        server.execute(f"CREATE DATABASE {name} TABLESPACE {name}", "postgres")
        request.addfinalizer(
            lambda: server.execute(f"DROP TABLESPACE {name}", "postgres")
        )
        drop = f"DROP DATABASE {name} WITH (FORCE)"
        request.addfinalizer(lambda: server.execute(drop, "postgres"))
        return str(server.url(name)).replace(":", "+psycopg:", 1)

    return make


@pytest.fixture(params=KINDS)
def disk(request: pytest.FixtureRequest, shared_folder: Path) -> Iterator[Path]:
    """Return a small file system."""
    folder = shared_folder / f"disk-{secrets.token_hex(4)}"
    with ExitStack() as mounted:
        yield mounted.enter_context(small_disk(folder, SIZES[request.param]))


@pytest.fixture
def ann_on_disk(
    disk: Path,
    create_database: CreateDatabase,
    make_app: Callable[..., Flask],
    request: pytest.FixtureRequest,
) -> Iterator[Client]:
    """Return a client of an app whose data is on the small file system."""
    kind = request.node.callspec.params["disk"]
    app = make_app(database_url=create_database(kind, disk))
    with app.app_context():
        flask_migrate.upgrade()
    yield Client(app, "ann").register().log_in()
    with app.app_context():
        db.database.engine.dispose()


def fill_with_tasks(ann: Client) -> tuple[int, TestResponse]:
    """Create tasks until one is rejected; return their number and the error."""
    for number in count():
        response = ann.post("tasks", {"title": "large", "description": LONG})
        if response.status_code != 201:
            return number, response
    raise AssertionError


def is_intact(ann: Client) -> bool:
    with ann.app.app_context():
        name = db.database.engine.dialect.name
        return db.read(text(INTEGRITY[name]))[0][0] == "ok"


def test_full_disk_rejects_writes_and_loses_nothing(
    ann_on_disk: Client, disk: Path
) -> None:
    filler = fill(disk, free=FREE_BYTES)

    number, rejected = fill_with_tasks(ann_on_disk)
    read = ann_on_disk.get("tasks?include_total=true")
    filler.unlink()
    written = ann_on_disk.post("tasks", {"title": "small"})

    assert_problem(rejected, 503, "service-unavailable")
    assert rejected.headers["Retry-After"] == "1"
    assert number > 0
    assert (read.status_code, read.json["total"]) == (200, number)
    assert written.status_code == 201
    assert ann_on_disk.get("tasks?include_total=true").json["total"] == number + 1
    assert is_intact(ann_on_disk)
