"""Whether the service can serve."""

from typing import Any

from sqlalchemy import text

from taskapi import db
from taskapi.db import errors, migrations
from taskapi.server import draining

PING = text("SELECT 1")
REMEDIES = {
    "database": "See whether the database runs; `flask doctor` tells more.",
    "migrations": "Run `flask db upgrade`.",
    "server": "It is being stopped; ask another instance.",
}
NOT_READY = {"failed", "leaving"}
REVISION = text("SELECT version_num FROM alembic_version")


def checks() -> dict[str, str]:
    """Tell of each thing that requests need whether it is there."""
    if draining.is_leaving():
        return {"server": "leaving"}
    return {
        "database": "ok" if _answers(PING) == [1] else "failed",
        "migrations": _migrated(),
    }


def remedy(checks: dict[str, str]) -> str | None:
    """Return what to do about the first check that failed; None where all is well."""
    failed = (name for name, state in checks.items() if state in NOT_READY)
    return next(map(REMEDIES.__getitem__, failed), None)


def links(*, with_docs: bool) -> dict[str, str]:
    """Return where to go from here."""
    always = {"api": "/api/v1", "health": "/health", "problems": "/problems"}
    documents = {"docs": "/docs", "openapi": "/openapi.json"}
    return always | (documents if with_docs else {})


def _migrated() -> str:
    """Compare the schema with the code; one ahead of it is made to serve it too.

    During an upgrade the old instances go on, after the new release has migrated.
    """
    found = _answers(REVISION)
    if found == [migrations.head()]:
        return "ok"
    return "ahead" if found and not migrations.knows(found[0]) else "failed"


def _answers(statement: Any) -> list[Any]:
    try:
        return [value for (value,) in db.read(statement)]
    except errors.ERRORS as error:
        if errors.is_stale(error):
            raise
        return []
