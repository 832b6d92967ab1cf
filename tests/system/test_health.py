"""Whether the service can serve, as load balancers and operators see it."""

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
GOOD = {"status": "ok", "checks": {"database": "ok", "migrations": "ok"}}
SECRET = "hunter2"


@pytest.fixture(params=KINDS)
def unmigrated(
    request: pytest.FixtureRequest, make_app: MakeApp, tmp_path: Path
) -> Iterator[Client]:
    """Return a client of an app whose database is empty."""
    with new_databases(tmp_path, make_app) as make:
        yield Client(make(request.param))


@pytest.fixture
def lonely(make_app: MakeApp) -> Client:
    """Return a client of an app whose PostgreSQL is not there."""
    address = f"postgresql+psycopg://ann:{SECRET}@127.0.0.1:1/{SECRET}"
    return Client(make_app(database_url=address))


def test_ready_service_returns_200(anonymous: Client) -> None:
    answer = anonymous.get("/health")

    assert (answer.status_code, answer.json) == (200, GOOD)
    assert answer.content_type == "application/json"


def test_health_is_asked_with_two_statements(
    anonymous: Client, statements: list[str]
) -> None:
    anonymous.get("/health")

    assert len(statements) == 2


def test_database_without_migrations_is_not_ready(unmigrated: Client) -> None:
    answer = unmigrated.get("/health")

    checks = {"database": "ok", "migrations": "failed"}
    assert answer.status_code == 503
    remedy = "Run `flask db upgrade`."
    assert answer.json == {"status": "unavailable", "checks": checks, "remedy": remedy}
    assert answer.headers["Retry-After"] == "1"


def test_database_of_older_release_is_not_ready(
    unmigrated: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unmigrated.app.app_context():
        flask_migrate.upgrade()
    release_newer_schema(monkeypatch)

    answer = unmigrated.get("/health")

    assert answer.status_code == 503
    assert answer.json["checks"] == {"database": "ok", "migrations": "failed"}


def test_instance_stays_ready_when_a_newer_release_has_migrated(
    unmigrated: Client,
) -> None:
    with unmigrated.app.app_context():
        flask_migrate.upgrade()
        with db.transaction():
            db.session.execute(text("UPDATE alembic_version SET version_num = 'next'"))

    answer = unmigrated.get("/health")

    checks = {"database": "ok", "migrations": "ahead"}
    assert (answer.status_code, answer.json) == (
        200,
        {"status": "ok", "checks": checks},
    )


def test_service_becomes_ready_when_its_database_is_migrated(
    unmigrated: Client,
) -> None:
    before = unmigrated.get("/health").status_code
    with unmigrated.app.app_context():
        flask_migrate.upgrade()

    answer = unmigrated.get("/health")

    assert (before, answer.status_code, answer.json) == (503, 200, GOOD)


def test_unreachable_database_is_not_ready_and_hides_the_cause(
    lonely: Client,
) -> None:
    answer = lonely.get("/health")

    checks = {"database": "failed", "migrations": "failed"}
    assert answer.status_code == 503
    assert answer.json["checks"] == checks
    assert "`flask doctor`" in answer.json["remedy"]
    assert SECRET not in answer.text


def test_process_without_a_database_is_alive(lonely: Client) -> None:
    answer = lonely.get("/health/live")

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_asking_whether_it_is_alive_touches_nothing(
    anonymous: Client, statements: list[str]
) -> None:
    anonymous.get("/health/live")

    assert statements == []


def test_asking_whether_it_is_alive_makes_no_database(
    make_app: MakeApp, tmp_path: Path
) -> None:
    file = tmp_path / "new.db"

    Client(make_app(database_url=f"sqlite:///{file}")).get("/health/live")

    assert not file.exists()


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/"])
def test_monitors_may_ask_by_head(anonymous: Client, path: str) -> None:
    answer = anonymous.call("HEAD", path)

    assert (answer.status_code, answer.data) == (200, b"")


@pytest.mark.parametrize("path", ["/health", "/health/live"])
@pytest.mark.parametrize("query", ["x=1", "x", "x=1&x=2", "=", "q=caf%C3%A9"])
def test_health_ignores_query_parameters(
    anonymous: Client, path: str, query: str
) -> None:
    response = anonymous.get(f"{path}?{query}")

    assert response.status_code == 200
    assert response.json["status"] == "ok"
