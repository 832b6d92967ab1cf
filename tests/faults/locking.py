"""Locks that another process has in the database of an app."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import update

from taskapi import clock, db
from taskapi.api_keys.models import ApiKey
from taskapi.auth.models import Session
from tests.helpers.client import Client

AGE = timedelta(minutes=6)


def is_sqlite(app: Flask) -> bool:
    return bool(app.extensions["settings"].database_url.startswith("sqlite"))


def connect(app: Flask) -> Any:
    """Return a connection of the driver, as another process has one."""
    url = app.extensions["settings"].database_url
    if is_sqlite(app):
        return sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


@contextmanager
def locked(app: Flask, statement: str) -> Iterator[None]:
    """Lock the SQLite database, or the rows that a statement locks in PostgreSQL."""
    with closing(connect(app)) as other:
        other.execute("BEGIN IMMEDIATE" if is_sqlite(app) else "BEGIN")
        if not is_sqlite(app):
            other.execute(statement)
        yield


def age_credentials(client: Client) -> None:
    """Move the last use of a user's sessions and keys into the past."""
    ago = clock.now() - AGE
    with client.app.app_context(), db.transaction():
        for model in (Session, ApiKey):
            mine = model.user_id == client.user["id"]
            db.session.execute(update(model).where(mine).values(last_used_at=ago))
