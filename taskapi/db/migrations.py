"""Schema migrations: Flask-Migrate, and the revisions that this code knows."""

from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import Migrate

from taskapi.db import database

FOLDER = Path(__file__).parents[2] / "migrations"

migrate = Migrate()


def init_app(app: Flask) -> None:
    """Add `flask db`, without the batch mode of Alembic.

    On SQLite batch mode copies a table to add a column, and loses the triggers of the
    search index. ALTER TABLE adds and drops columns in place.
    """
    migrate.init_app(app, database, str(FOLDER), render_as_batch=False)


def head() -> str:
    """Return the revision of the schema that this code expects."""
    (newest,) = _script().get_heads()
    return newest


def knows(revision: str) -> bool:
    """Return whether this code contains a revision, and so can migrate from it."""
    return revision in {known.revision for known in _script().walk_revisions()}


@cache
def _script() -> ScriptDirectory:
    return ScriptDirectory(str(FOLDER))
