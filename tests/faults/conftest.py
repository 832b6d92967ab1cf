"""Failures of databases, disks and processes while clients work; longer with SOAK=1.

Measurements are printed at the end. They are compared with documented limits only if
SOAK is set, since they depend on the speed of the machine.
"""

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask

from taskapi import db
from tests.faults.workload import Workload
from tests.helpers.instances import Instance
from tests.helpers.postgresql import Postgres

HERE = Path(__file__).parent
SOAK = bool(os.environ.get("SOAK"))
CLIENTS = 6
StartWorkload = Callable[..., Workload]
Measure = Callable[..., None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("faults")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the measurements."""
    stats = terminalreporter.stats
    for report in stats.get("passed", []) + stats.get("failed", []):
        measured = ", ".join(
            f"{name} {value}" for name, value in report.user_properties
        )
        if measured:
            terminalreporter.line(f"{report.nodeid.rpartition('::')[2]}: {measured}")


@pytest.fixture
def measure(record_property: Callable[[str, object], None]) -> Measure:
    """Return a function that records a measurement and, in a soak, checks its limit."""

    def record(name: str, value: float, limit: float | None = None) -> None:
        suffix = "" if limit is None else f" (at most {limit:g})"
        record_property(name, f"{round(value, 3):g}{suffix}")
        assert not SOAK or limit is None or value <= limit, name

    return record


@pytest.fixture(scope="session")
def shared_folder() -> Iterator[Path]:
    """Return a folder that unprivileged programs can access, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="taskapi-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def postgres(shared_folder: Path) -> Iterator[Postgres]:
    """Return a PostgreSQL server that tests may kill."""
    server = Postgres.primary(shared_folder)
    yield server
    server.kill()


@pytest.fixture
def start_workload(
    make_app: Callable[..., Flask], shared_folder: Path, request: pytest.FixtureRequest
) -> Iterator[StartWorkload]:
    """Return a function that starts an instance with clients on a kind of database."""
    with ExitStack() as running:

        def make(kind: str, clients: int = CLIENTS, **settings: object) -> Workload:
            name = f"taskapi_{secrets.token_hex(4)}"
            address = f"sqlite:///{shared_folder}/{name}.db"
            if kind == "postgresql":
                server = request.getfixturevalue("postgres")
                server.execute(f"CREATE DATABASE {name}", "postgres")
                address = server.url(name).replace(":", "+psycopg:", 1)
            migrate(make_app(database_url=address))
            texts = {one: str(value) for one, value in settings.items()}
            instance = Instance(shared_folder, name, DATABASE_URL=address, **texts)
            running.callback(instance.program.kill)
            workload = Workload(instance, address, clients)
            running.callback(workload.clients.abort)
            return workload

        yield make


def migrate(app: Flask) -> None:
    with app.app_context():
        flask_migrate.upgrade()
        db.database.engine.dispose()
