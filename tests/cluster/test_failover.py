"""PostgreSQL with a replica: what the service does when the primary is gone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import flask_migrate
import psycopg
import pytest
from flask import Flask

import config
from taskapi import db
from tests.cluster.replication import Pair, following
from tests.helpers.pgbouncer import PgBouncer
from tests.helpers.postgresql import PHRASE
from tests.helpers.programs import need, wait_until
from tests.support import Client, refused


@pytest.fixture
def pair(folder: Path) -> Iterator[Pair]:
    """Return two servers of this test's own; the replica confirms each commit."""
    with following(folder) as servers:
        servers.primary.confirm(by_replica=True)
        yield servers


@pytest.fixture
def ann_on_both(
    pair: Pair, make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """Return Ann at a service whose DATABASE_URL names both servers."""
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in pair)
    monkeypatch.setenv("SECRET_KEY", "Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS")
    monkeypatch.setenv("DATABASE_URL", f"postgresql://taskapi:{PHRASE}@{hosts}/taskapi")
    made = make_app(database_url=config.from_env().database_url)
    with made.app_context():
        flask_migrate.upgrade()
    yield Client(made, "ann").register().log_in()
    with made.app_context():
        db.database.engine.dispose()


def test_the_service_goes_on_with_the_promoted_replica(
    ann_on_both: Client, pair: Pair
) -> None:
    before = ann_on_both.make_task(title="confirmed")
    pair.primary.kill()

    meanwhile = ann_on_both.post("tasks", {"title": "refused"})
    pair.replica.promote()
    pair.replica.confirm(by_replica=False)
    ann_on_both.make_task(title="afterwards")

    refused(meanwhile, 503, "service-unavailable")
    assert meanwhile.headers["Retry-After"]
    assert ann_on_both.get(f"tasks/{before['id']}").json == before
    titles = [task["title"] for task in ann_on_both.get("tasks").json["items"]]
    assert sorted(titles) == ["afterwards", "confirmed"]


def test_the_pool_leads_to_the_promoted_replica(pair: Pair, folder: Path) -> None:
    need("pgbouncer")
    pool = PgBouncer(folder, pair.primary)
    pair.primary.kill()
    pair.replica.promote()

    pool.point_to(pair.replica)
    wait_until(pool.answers)

    with psycopg.connect(pool.address(), prepare_threshold=None) as connection:
        (port,) = connection.execute("SHOW port").fetchone() or ()
    pool.program.kill()
    assert int(port) == pair.replica.port
