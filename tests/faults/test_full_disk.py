"""A disk without room: writes are refused, reads go on, and room is all it needs."""

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
ROOM = 2**18
MAKE_ROOM = "CREATE TABLESPACE {} LOCATION '{}'"
SIZES = {"sqlite": 2, "postgresql": 32}
SOUND = {"sqlite": "PRAGMA integrity_check", "postgresql": "SELECT 'ok'"}
Place = Callable[[str, Path], str]
MakeApp = Callable[..., Flask]


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Place:
    """Return who makes a database whose data, not its log, lies on a disk."""

    def make(kind: str, disk: Path) -> str:
        if kind == "sqlite":
            return f"sqlite:///{disk}/tasks.db"
        server = request.getfixturevalue("postgres")
        name = f"small_{secrets.token_hex(4)}"
        server.execute(
            MAKE_ROOM.format(name, unprivileged_folder(disk / "data")), "postgres"
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
def disk(request: pytest.FixtureRequest, wide: Path) -> Iterator[Path]:
    """Return a small disk."""
    folder = wide / f"disk-{secrets.token_hex(4)}"
    with ExitStack() as mounted:
        yield mounted.enter_context(small_disk(folder, SIZES[request.param]))


@pytest.fixture
def ann_on_disk(
    disk: Path,
    place: Place,
    make_app: Callable[..., Flask],
    request: pytest.FixtureRequest,
) -> Iterator[Client]:
    """Return Ann, at a service whose data lies on the small disk."""
    kind = request.node.callspec.params["disk"]
    made = make_app(database_url=place(kind, disk))
    with made.app_context():
        flask_migrate.upgrade()
    yield Client(made, "ann").register().log_in()
    with made.app_context():
        db.database.engine.dispose()


def until_refused(ann: Client) -> tuple[int, TestResponse]:
    """Make tasks while there is room; return how many there are, and the refusal."""
    for number in count():
        response = ann.post("tasks", {"title": "large", "description": LONG})
        if response.status_code != 201:
            return number, response
    raise AssertionError


def is_sound(ann: Client) -> bool:
    with ann.app.app_context():
        name = db.database.engine.dialect.name
        return db.read(text(SOUND[name]))[0][0] == "ok"


def test_full_disk_rejects_writes_and_loses_nothing(
    ann_on_disk: Client, disk: Path
) -> None:
    filler = fill(disk, but=ROOM)

    made, refusal = until_refused(ann_on_disk)
    read = ann_on_disk.get("tasks?include_total=true")
    filler.unlink()
    written = ann_on_disk.post("tasks", {"title": "room"})

    assert_problem(refusal, 503, "service-unavailable")
    assert refusal.headers["Retry-After"] == "1"
    assert made > 0
    assert (read.status_code, read.json["total"]) == (200, made)
    assert written.status_code == 201
    assert ann_on_disk.get("tasks?include_total=true").json["total"] == made + 1
    assert is_sound(ann_on_disk)
