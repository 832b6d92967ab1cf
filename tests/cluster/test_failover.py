"""Failover: the primary fails and the replica is promoted."""

from collections.abc import Callable, Iterator
from pathlib import Path

import flask_migrate
import psycopg
import pytest
from flask import Flask

import config
from taskapi import db
from tests.cluster.replication import Pair, replicated_servers
from tests.helpers.client import Client, assert_problem
from tests.helpers.pgbouncer import PgBouncer
from tests.helpers.postgresql import PASSWORD
from tests.helpers.programs import require_programs, wait_until


@pytest.fixture
def pair(folder: Path) -> Iterator[Pair]:
    """Return a primary and a replica that confirms each commit."""
    with replicated_servers(folder) as servers:
        servers.primary.set_synchronous(enabled=True)
        yield servers


@pytest.fixture
def ann_on_both(
    pair: Pair, make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """Return a client of an app whose DATABASE_URL names both servers."""
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in pair)
    url = f"postgresql://taskapi:{PASSWORD}@{hosts}/taskapi"
    monkeypatch.setenv("SECRET_KEY", "Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS")
    monkeypatch.setenv("DATABASE_URL", url)
    app = make_app(database_url=config.from_env().database_url)
    with app.app_context():
        flask_migrate.upgrade()
    yield Client(app, "ann").register().log_in()
    with app.app_context():
        db.database.engine.dispose()


def test_app_uses_the_promoted_replica(ann_on_both: Client, pair: Pair) -> None:
    task = ann_on_both.create_task(title="before")
    pair.primary.kill()

    during = ann_on_both.post("tasks", {"title": "during"})
    pair.replica.promote()
    pair.replica.set_synchronous(enabled=False)
    ann_on_both.create_task(title="after")

    assert_problem(during, 503, "service-unavailable")
    assert during.headers["Retry-After"]
    assert ann_on_both.get(f"tasks/{task['id']}").json == task
    titles = [item["title"] for item in ann_on_both.get("tasks").json["items"]]
    assert sorted(titles) == ["after", "before"]


def test_pgbouncer_uses_the_promoted_replica_after_a_reload(
    pair: Pair, folder: Path
) -> None:
    require_programs("pgbouncer")
    pool = PgBouncer(folder, pair.primary)
    pair.primary.kill()
    pair.replica.promote()

    pool.use_server(pair.replica)
    wait_until(pool.is_ready)

    with psycopg.connect(pool.url(), prepare_threshold=None) as connection:
        (port,) = connection.execute("SHOW port").fetchone() or ()
    pool.program.kill()
    assert int(port) == pair.replica.port
