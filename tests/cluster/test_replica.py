"""DATABASE_REPLICA_URL: what is read there, and what happens when it does not serve."""

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
from tests.backstage import run
from tests.cluster.replication import Pair, following
from tests.helpers.programs import wait_until
from tests.operating.commanding import examined
from tests.support import Client

MakeApp = Callable[..., Flask]


class Door(Thread):
    """A port that lets nobody in, and counts who knocked."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgresql+psycopg://127.0.0.1:{self.server.getsockname()[1]}/x"
        self.knocks = 0
        self.start()

    def run(self) -> None:
        with suppress(OSError):
            while True:
                self.server.accept()[0].close()
                self.knocks += 1

    def close(self) -> None:
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.join()


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """Return two servers; each test leaves them in agreement."""
    with tempfile.TemporaryDirectory(prefix="taskapi-") as name:
        Path(name).chmod(0o755)  # servers may run as nobody
        with following(Path(name)) as servers:
            yield servers


def dispose(app: Flask) -> None:
    """Let go of all connections of an app."""
    app.extensions["replica"].engine.dispose()
    with app.app_context():
        db.database.engine.dispose()


def administrator(app: Flask) -> Client:
    """Return Root, who has logged in."""
    root = Client(app, "root").register()
    run(app, "users", "promote", "root@example.org")
    return root.log_in()


def url(server: str) -> str:
    return server.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(scope="module")
def service(pair: Pair, make_app: MakeApp) -> Iterator[Client]:
    """Return an administrator at a service that knows both servers."""
    primary, follower = (url(server.address()) for server in pair)
    made = make_app(database_url=primary, database_replica_url=follower)
    with made.app_context():
        flask_migrate.upgrade()
    root = administrator(made)
    pair.agree()
    yield root
    dispose(made)


@pytest.fixture
def root(service: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Return the administrator of a service that forgets failures at once."""
    monkeypatch.setattr(replica, "RETRY_SECONDS", 0)
    monkeypatch.setattr(replica, "SILENT_SECONDS", 20)
    service.make_task()  # so that the replica knows a recent moment
    return service


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    yield made
    made.close()


def counted(root: Client) -> int:
    """Return how many tasks there are in the figures of administrators."""
    answer = root.get("tasks/admin/stats")
    assert answer.status_code == 200, answer.text
    return int(answer.json["tasks"]["total"])


def listed(root: Client) -> int:
    """Return how many tasks there are."""
    answer = root.get("tasks/stats")
    assert answer.status_code == 200, answer.text
    return int(answer.json["total"])


def test_administrators_figures_come_from_the_replica(root: Client, pair: Pair) -> None:
    with pair.apart():
        root.make_task()
        meanwhile = counted(root)

    assert meanwhile == listed(root) - 1
    assert counted(root) == listed(root)


def exported(root: Client) -> int:
    """Return how many tasks are in the file of an export."""
    return len(root.get("users/me/export").text.splitlines())


def test_an_export_comes_from_the_replica(root: Client, pair: Pair) -> None:
    with pair.apart():
        root.make_task()
        meanwhile = exported(root)

    assert meanwhile == listed(root) - 1


def test_all_else_is_read_from_the_primary(root: Client, pair: Pair) -> None:
    with pair.apart():
        before = listed(root)
        left = Client(root.app, "root").log_in()
        task = left.make_task()
        read = left.get(f"tasks/{task['id']}")
        left.post("auth/logout")
        refused = left.get("users/me")
        after = listed(root)

    assert (read.status_code, refused.status_code) == (200, 401)
    assert after == before + 1


def test_a_replica_too_far_behind_is_not_read(
    root: Client, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "LAG_SECONDS", 0)

    with pair.apart():
        root.make_task()
        pair.deliver()
        meanwhile = counted(root)

    assert meanwhile == listed(root)


def test_a_replica_that_hears_nothing_counts_as_behind(
    root: Client, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "LAG_SECONDS", 0)

    with pair.cut_off():
        root.make_task()
        meanwhile = counted(root)

    assert meanwhile == listed(root)


def test_the_primary_answers_while_the_replica_is_gone(
    root: Client, pair: Pair
) -> None:
    counted(root)
    pair.replica.kill()
    root.make_task()

    meanwhile = counted(root)
    pair.replica.start()
    with pair.apart():
        root.make_task()
        wait_until(lambda: counted(root) == listed(root) - 1)

    assert meanwhile == listed(root) - 1


def test_a_replica_that_is_frozen_is_given_up(
    root: Client, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted(root)
    monkeypatch.setattr(replica, "SILENT_SECONDS", 0.1)

    with pair.frozen():
        root.make_task()
        meanwhile = counted(root)

    assert meanwhile == listed(root)


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_a_replica_out_of_reach_is_asked_once_in_a_while(
    app: Flask, make_app: MakeApp, door: Door
) -> None:
    address = app.extensions["settings"].database_url
    made = make_app(database_url=address, database_replica_url=door.url)
    root = administrator(made)
    root.make_task()

    totals = [counted(root) for _ in range(3)]
    dispose(made)

    assert totals == [1, 1, 1]
    assert door.knocks == 1


def test_the_doctor_says_how_far_behind_the_replica_is(
    root: Client, pair: Pair
) -> None:
    pair.agree()

    found = examined(root.app)["replica"]

    assert (found["state"], found["message"]) == ("ok", "it is 0 s behind")


def test_the_doctor_says_why_a_replica_is_not_used(
    pair: Pair, make_app: MakeApp
) -> None:
    primary = url(pair.primary.address())
    made = make_app(database_url=primary, database_replica_url=primary)

    found = examined(made)["replica"]
    dispose(made)

    assert found["state"] == "warn"
    assert found["message"] == "not used: it follows no primary"
