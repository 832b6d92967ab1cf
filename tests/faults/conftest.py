"""Faults of everything around the service, shortly; at length with SOAK=1.

What is measured is printed at the end, and held against the promises in a soak only: a
test does not depend on how fast the machine is.
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
from tests.faults.scenes import Scene
from tests.helpers.instances import Instance
from tests.helpers.postgresql import Postgres

HERE = Path(__file__).parent
SOAK = bool(os.environ.get("SOAK"))
CLIENTS = 6
Stage = Callable[..., Scene]
Measure = Callable[..., None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("faults")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures."""
    stats = terminalreporter.stats
    for report in stats.get("passed", []) + stats.get("failed", []):
        told = ", ".join(f"{name} {value}" for name, value in report.user_properties)
        if told:
            terminalreporter.line(f"{report.nodeid.rpartition('::')[2]}: {told}")


@pytest.fixture
def measure(record_property: Callable[[str, object], None]) -> Measure:
    """Return who notes figures, and in a soak holds them against what is promised."""

    def note(name: str, figure: float, most: float | None = None) -> None:
        promise = "" if most is None else f" (at most {most:g})"
        record_property(name, f"{round(figure, 3):g}{promise}")
        assert not SOAK or most is None or figure <= most, name

    return note


@pytest.fixture(scope="session")
def wide() -> Iterator[Path]:
    """Return a folder that a program running as nobody can reach, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="taskapi-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def postgres(wide: Path) -> Iterator[Postgres]:
    """Return a PostgreSQL that may be killed."""
    made = Postgres.primary(wide)
    yield made
    made.kill()


@pytest.fixture
def stage(
    make_app: Callable[..., Flask], wide: Path, request: pytest.FixtureRequest
) -> Iterator[Stage]:
    """Return a maker of scenes, on a database of either kind, with more settings."""
    with ExitStack() as running:

        def make(kind: str, clients: int = CLIENTS, **settings: object) -> Scene:
            name = f"taskapi_{secrets.token_hex(4)}"
            address = f"sqlite:///{wide}/{name}.db"
            if kind == "postgresql":
                server = request.getfixturevalue("postgres")
                server.execute(f"CREATE DATABASE {name}", "postgres")
                address = server.url(name).replace(":", "+psycopg:", 1)
            migrate(make_app(database_url=address))
            texts = {one: str(value) for one, value in settings.items()}
            instance = Instance(wide, name, DATABASE_URL=address, **texts)
            running.callback(instance.program.kill)
            scene = Scene(instance, address, clients)
            running.callback(scene.crowd.stop)
            return scene

        yield make


def migrate(app: Flask) -> None:
    with app.app_context():
        flask_migrate.upgrade()
        db.database.engine.dispose()
