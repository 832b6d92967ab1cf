"""Health checks for load balancers and operators."""

from collections.abc import Callable, Iterator
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from taskapi import db
from tests.conftest import KINDS
from tests.helpers.client import Client
from tests.helpers.databases import new_databases, release_newer_schema

MakeApp = Callable[..., Flask]
READY = {"status": "ok", "checks": {"database": "ok", "migrations": "ok"}}
SECRET = "hunter2"


@pytest.fixture(params=KINDS)
def unmigrated(
    request: pytest.FixtureRequest, make_app: MakeApp, tmp_path: Path
) -> Iterator[Client]:
    """Return a client of an app whose database is empty."""
    with new_databases(tmp_path, make_app) as make:
        yield Client(make(request.param))


@pytest.fixture
def disconnected(make_app: MakeApp) -> Client:
    """Return a client of an app whose PostgreSQL is unreachable."""
    address = f"postgresql+psycopg://ann:{SECRET}@127.0.0.1:1/{SECRET}"
    return Client(make_app(database_url=address))


def test_ready_service_returns_200(anonymous: Client) -> None:
    response = anonymous.get("/health")

    assert (response.status_code, response.json) == (200, READY)
    assert response.content_type == "application/json"


def test_health_check_runs_two_statements(
    anonymous: Client, statements: list[str]
) -> None:
    anonymous.get("/health")

    assert len(statements) == 2


def test_database_without_migrations_is_not_ready(unmigrated: Client) -> None:
    response = unmigrated.get("/health")

    checks = {"database": "ok", "migrations": "failed"}
    assert response.status_code == 503
    remedy = "Run `flask db upgrade`."
    assert response.json == {
        "status": "unavailable",
        "checks": checks,
        "remedy": remedy,
    }
    assert response.headers["Retry-After"] == "1"


def test_database_of_older_release_is_not_ready(
    unmigrated: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unmigrated.app.app_context():
        flask_migrate.upgrade()
    release_newer_schema(monkeypatch)

    response = unmigrated.get("/health")

    assert response.status_code == 503
    assert response.json["checks"] == {"database": "ok", "migrations": "failed"}


def test_instance_stays_ready_when_a_newer_release_has_migrated(
    unmigrated: Client,
) -> None:
    with unmigrated.app.app_context():
        flask_migrate.upgrade()
        with db.transaction():
            db.session.execute(text("UPDATE alembic_version SET version_num = 'next'"))

    response = unmigrated.get("/health")

    checks = {"database": "ok", "migrations": "ahead"}
    assert (response.status_code, response.json) == (
        200,
        {"status": "ok", "checks": checks},
    )


def test_service_becomes_ready_when_its_database_is_migrated(
    unmigrated: Client,
) -> None:
    before = unmigrated.get("/health").status_code
    with unmigrated.app.app_context():
        flask_migrate.upgrade()

    response = unmigrated.get("/health")

    assert (before, response.status_code, response.json) == (503, 200, READY)


def test_unreachable_database_is_not_ready_and_hides_the_cause(
    disconnected: Client,
) -> None:
    response = disconnected.get("/health")

    checks = {"database": "failed", "migrations": "failed"}
    assert response.status_code == 503
    assert response.json["checks"] == checks
    assert "`flask doctor`" in response.json["remedy"]
    assert SECRET not in response.text


def test_liveness_succeeds_without_a_database(disconnected: Client) -> None:
    response = disconnected.get("/health/live")

    assert (response.status_code, response.json) == (200, {"status": "ok"})


def test_liveness_check_runs_no_statement(
    anonymous: Client, statements: list[str]
) -> None:
    anonymous.get("/health/live")

    assert statements == []


def test_liveness_check_creates_no_database_file(
    make_app: MakeApp, tmp_path: Path
) -> None:
    file = tmp_path / "new.db"

    Client(make_app(database_url=f"sqlite:///{file}")).get("/health/live")

    assert not file.exists()


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/"])
def test_health_supports_head(anonymous: Client, path: str) -> None:
    response = anonymous.call("HEAD", path)

    assert (response.status_code, response.data) == (200, b"")


@pytest.mark.one_database
@pytest.mark.parametrize("path", ["/health", "/health/live"])
@pytest.mark.parametrize("query", ["x=1", "x", "x=1&x=2", "=", "q=caf%C3%A9"])
def test_health_ignores_query_parameters(
    anonymous: Client, path: str, query: str
) -> None:
    response = anonymous.get(f"{path}?{query}")

    assert response.status_code == 200
    assert response.json["status"] == "ok"
