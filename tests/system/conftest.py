"""Servers and Redis for tests that need real processes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask

from tests.helpers.client import API
from tests.helpers.redis import RedisServer
from tests.helpers.server import ACCOUNT, Server, launch, log_in

SECRET_KEY = "Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS"
Serve = Callable[..., Server]


@pytest.fixture(scope="session")
def serving(
    make_app: Callable[..., Flask], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serve]:
    """Return a function that starts a server with its own database and settings.

    One worker: gunicorn does not stop a worker that gets the signal while it boots.
    """
    started: list[Server] = []

    def start(**settings: object) -> Server:
        folder = tmp_path_factory.mktemp("server")
        address = f"sqlite:///{folder}/tasks.db"
        with make_app(database_url=address).app_context():
            flask_migrate.upgrade()
        usual = {"DATABASE_URL": address, "SECRET_KEY": SECRET_KEY}
        started.append(launch(folder, **usual | {"WEB_CONCURRENCY": 1} | settings))
        return started[-1].wait()

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def server(serving: Serve) -> Server:
    """Return a server with Ann's account, shared by tests that do not stop it."""
    created = serving()
    assert created.call("POST", f"{API}/auth/register", ACCOUNT).status == 201
    return created


@pytest.fixture
def instance(app: Flask, tmp_path: Path) -> Iterator[Serve]:
    """Return a function that starts a four-worker server on the app's database."""
    started: list[Server] = []
    settings = app.extensions["settings"]
    same = {"DATABASE_URL": settings.database_url, "SECRET_KEY": settings.secret_key}

    def start(**others: object) -> Server:
        workers = {"WEB_CONCURRENCY": 2, "THREADS": 4}
        started.append(launch(tmp_path, **same | workers | others))
        return started[-1].wait()

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RedisServer]:
    """Return a Redis server for this test only."""
    created = RedisServer(tmp_path)
    yield created
    created.kill()


@pytest.fixture
def token(server: Server) -> str:
    """Return an access token of Ann."""
    return str(log_in(server).json["access_token"])
