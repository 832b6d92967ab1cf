"""Readiness checks."""

from sqlalchemy import TextClause, text

from taskapi import db
from taskapi.db import errors, migrations
from taskapi.server import draining

PING = text("SELECT 1")
REMEDIES = {
    "database": "Check that the database is running; `flask doctor` reports details.",
    "migrations": "Run `flask db upgrade`.",
    "server": "The instance is shutting down. Use another one.",
}
NOT_READY = {"failed", "draining"}
REVISION = text("SELECT version_num FROM alembic_version")


def checks() -> dict[str, str]:
    """Return the state of each dependency of requests."""
    if draining.is_draining():
        return {"server": "draining"}
    return {
        "database": "ok" if _read(PING) == [1] else "failed",
        "migrations": _migration_state(),
    }


def remedy(checks: dict[str, str]) -> str | None:
    """Return what to do about the first failed check, or None."""
    failed = (name for name, state in checks.items() if state in NOT_READY)
    return next(map(REMEDIES.__getitem__, failed), None)


def links(*, with_docs: bool) -> dict[str, str]:
    """Return the paths of other resources."""
    common = {"api": "/api/v1", "health": "/health", "problems": "/problems"}
    documents = {"docs": "/docs", "openapi": "/openapi.json"}
    return common | (documents if with_docs else {})


def _migration_state() -> str:
    """Compare the revision of the database with that of the code.

    A newer revision is ready: during an upgrade, old instances continue to serve after
    the new release has migrated the database.
    """
    found = _read(REVISION)
    if found == [migrations.head()]:
        return "ok"
    return "ahead" if found and not migrations.knows(str(found[0])) else "failed"


def _read(statement: TextClause) -> list[object]:
    try:
        return [value for (value,) in db.read(statement)]
    except errors.ERRORS as error:
        if errors.is_stale(error):
            raise
        return []
