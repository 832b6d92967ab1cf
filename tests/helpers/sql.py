"""SQL that tests run without the app."""

from typing import Any

from flask import Flask
from sqlalchemy import text

from taskapi import db


def execute(app: Flask, statement: str, **values: Any) -> list[Any]:
    """Run one statement and return its rows."""
    with app.app_context(), db.database.engine.connect() as connection:
        result = connection.execute(text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []


def counts(app: Flask) -> dict[str, int]:
    """Return how many rows each table has."""
    tables = ("users", "sessions", "tasks")
    return {t: execute(app, f"SELECT count(*) FROM {t}")[0][0] for t in tables}  # noqa: S608 - names of tables
