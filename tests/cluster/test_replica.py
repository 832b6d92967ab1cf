"""Reads from the replica of DATABASE_REPLICA_URL, and from the primary instead."""

import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import flask_migrate
import pytest
from flask import Flask

from taskapi import db
from taskapi.db import replica
from tests.cluster.replication import Pair, replicated_servers
from tests.helpers.cli import run
from tests.helpers.client import Client
from tests.helpers.programs import wait_until
from tests.operations.commands import run_doctor

MakeApp = Callable[..., Flask]


class UnreachableServer(Thread):
    """A server that closes and counts the connections of its clients."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgresql+psycopg://127.0.0.1:{self.server.getsockname()[1]}/x"
        self.connections = 0
        self.start()

    def run(self) -> None:
        with suppress(OSError):
            while True:
                self.server.accept()[0].close()
                self.connections += 1

    def close(self) -> None:
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.join()


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """Return two servers; each test waits until both have the same rows."""
    with tempfile.TemporaryDirectory(prefix="taskapi-") as name:
        Path(name).chmod(0o755)  # the servers refuse to run as root
        with replicated_servers(Path(name)) as servers:
            yield servers


def dispose(app: Flask) -> None:
    """Close all database connections of an app."""
    app.extensions["replica"].engine.dispose()
    with app.app_context():
        db.database.engine.dispose()


def administrator(app: Flask) -> Client:
    """Return the client of an administrator."""
    root = Client(app, "root").register()
    run(app, "users", "promote", "root@example.org")
    return root.log_in()


def url(server: str) -> str:
    return server.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(scope="module")
def service(pair: Pair, make_app: MakeApp) -> Iterator[Client]:
    """Return an administrator of an app that uses both servers."""
    primary, follower = (url(server.url()) for server in pair)
    app = make_app(database_url=primary, database_replica_url=follower)
    with app.app_context():
        flask_migrate.upgrade()
    root = administrator(app)
    pair.wait_for_replay()
    yield root
    dispose(app)


@pytest.fixture
def root(service: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Return the administrator of an app that tries the replica again at once."""
    monkeypatch.setattr(service.app.extensions["replica"].retry, "seconds", 0)
    monkeypatch.setattr(replica, "TIMEOUT_SECONDS", 20)
    service.create_task()  # gives the replica a recent commit
    return service


@pytest.fixture
def unreachable() -> Iterator[UnreachableServer]:
    server = UnreachableServer()
    yield server
    server.close()


def total_of_service(root: Client) -> int:
    """Return the number of tasks in the statistics of the service."""
    response = root.get("tasks/admin/stats")
    assert response.status_code == 200, response.text
    return int(response.json["tasks"]["total"])


def total_of_owner(root: Client) -> int:
    """Return the number of tasks in the statistics of the account."""
    response = root.get("tasks/stats")
    assert response.status_code == 200, response.text
    return int(response.json["total"])


def test_statistics_of_the_service_come_from_the_replica(
    root: Client, pair: Pair
) -> None:
    with pair.paused_replay():
        root.create_task()
        during = total_of_service(root)

    assert during == total_of_owner(root) - 1
    assert total_of_service(root) == total_of_owner(root)


def exported(root: Client) -> int:
    """Return the number of tasks in an export."""
    return len(root.get("users/me/export").text.splitlines())


def test_exports_come_from_the_replica(root: Client, pair: Pair) -> None:
    with pair.paused_replay():
        root.create_task()
        during = exported(root)

    assert during == total_of_owner(root) - 1


def test_other_reads_come_from_the_primary(root: Client, pair: Pair) -> None:
    with pair.paused_replay():
        before = total_of_owner(root)
        other = Client(root.app, "root").log_in()
        task = other.create_task()
        read = other.get(f"tasks/{task['id']}")
        other.post("auth/logout")
        rejected = other.get("users/me")
        after = total_of_owner(root)

    assert (read.status_code, rejected.status_code) == (200, 401)
    assert after == before + 1


def test_replica_that_lags_is_not_read(
    root: Client, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "MAX_LAG_SECONDS", 0)

    with pair.paused_replay():
        root.create_task()
        pair.wait_for_delivery()
        during = total_of_service(root)

    assert during == total_of_owner(root)


def test_disconnected_replica_is_not_read(
    root: Client, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "MAX_LAG_SECONDS", 0)

    with pair.disconnected_replica():
        root.create_task()
        during = total_of_service(root)

    assert during == total_of_owner(root)


def test_primary_is_read_while_the_replica_is_down(root: Client, pair: Pair) -> None:
    total_of_service(root)
    pair.replica.kill()
    root.create_task()

    during = total_of_service(root)
    pair.replica.start()
    with pair.paused_replay():
        root.create_task()
        wait_until(lambda: total_of_service(root) == total_of_owner(root) - 1)

    assert during == total_of_owner(root) - 1


def test_frozen_replica_is_not_read(
    root: Client, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    total_of_service(root)
    monkeypatch.setattr(replica, "TIMEOUT_SECONDS", 0.1)

    with pair.frozen_replica():
        root.create_task()
        during = total_of_service(root)

    assert during == total_of_owner(root)


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_unreachable_replica_is_not_tried_by_each_request(
    app: Flask, make_app: MakeApp, unreachable: UnreachableServer
) -> None:
    address = app.extensions["settings"].database_url
    made = make_app(database_url=address, database_replica_url=unreachable.url)
    root = administrator(made)
    root.create_task()

    totals = [total_of_service(root) for _ in range(3)]
    dispose(made)

    assert totals == [1, 1, 1]
    assert unreachable.connections == 1


def test_doctor_reports_the_lag_of_the_replica(root: Client, pair: Pair) -> None:
    pair.wait_for_replay()

    found = run_doctor(root.app)["replica"]

    assert (found["state"], found["message"]) == ("ok", "0 s behind the primary")


def test_doctor_reports_why_the_replica_is_not_used(
    pair: Pair, make_app: MakeApp
) -> None:
    primary = url(pair.primary.url())
    made = make_app(database_url=primary, database_replica_url=primary)

    found = run_doctor(made)["replica"]
    dispose(made)

    assert found["state"] == "warn"
    assert found["message"] == "not used: it follows no primary"
