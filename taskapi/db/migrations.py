"""The migrations: which there are, and Flask-Migrate, that only commands load.

Alembic costs a tenth of a second and 6 MB, so a server reads the revisions itself.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.local import LocalProxy
from werkzeug.utils import import_string

from taskapi import db

FOLDER = Path(__file__).parents[2] / "migrations"
REVISION = re.compile(r'^(down_|)revision = "(\w+)"', re.MULTILINE)


def init_app(app: Flask) -> None:
    """Let `flask db` and `flask_migrate.upgrade()` find Flask-Migrate in the app."""
    command: Any = LocalProxy(lambda: _loaded(app).cli.commands["db"])
    app.extensions["migrate"] = LocalProxy(lambda: _loaded(app).extensions["migrate"])
    app.cli.add_command(command, "db")


def head() -> str:
    """Return the revision of the schema that this code expects."""
    (newest,) = _revisions("") - _revisions("down_")
    return newest


def knows(revision: str) -> bool:
    """Tell whether this code can migrate from that revision, or has it."""
    return revision in _revisions("")


def _loaded(app: Flask) -> Flask:
    """Return the app with Flask-Migrate in the places of what stood for it."""
    migrate = import_string("flask_migrate:Migrate")
    on_sqlite = app.config["SQLALCHEMY_DATABASE_URI"].get_backend_name() == "sqlite"
    migrate(app, db.database, str(FOLDER), render_as_batch=on_sqlite)
    return app


@cache
def _revisions(kind: str) -> frozenset[str]:
    files = (file.read_text() for file in FOLDER.glob("versions/*.py"))
    found = (match for text in files for match in REVISION.findall(text))
    return frozenset(revision for prefix, revision in found if prefix == kind)
