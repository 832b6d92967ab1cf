"""Rows that a test reads or writes directly."""

from typing import Any

from flask import Flask
from sqlalchemy import func, select, update

from taskapi import db
from taskapi.api_keys.models import ApiKey
from taskapi.auth.models import Session
from taskapi.mail.models import OutgoingEmail
from taskapi.projects.models import Project
from taskapi.recovery.models import EmailToken
from taskapi.tasks.models import Task
from taskapi.users.models import LoginAttempts, User
from tests.helpers.client import Client

ROWS = {
    "users": User,
    "projects": Project,
    "sessions": Session,
    "tasks": Task,
    "emails": OutgoingEmail,
    "tokens": EmailToken,
    "counts": LoginAttempts,
    "keys": ApiKey,
}


def stored_user(client: Client) -> Any:
    """Return the row of a client's account."""
    with client.app.app_context():
        return db.read(select(User.__table__).where(User.id == client.user["id"]))[0]


def store_user(client: Client, **values: Any) -> None:
    """Update the row of a client's account."""
    statement = update(User).where(User.id == client.user["id"]).values(**values)
    with client.app.app_context(), db.transaction():
        db.session.execute(statement)


def count(app: Flask, table: str) -> int:
    """Count the rows of a table."""
    with app.app_context():
        counted = db.read(select(func.count()).select_from(ROWS[table]))
    return int(counted[0][0])


def empty_tables(app: Flask) -> None:
    """Delete accounts with their data, login attempts and emails."""
    models = (Task, User, Project, LoginAttempts, OutgoingEmail)
    statements = [f"DELETE FROM {model.__tablename__}" for model in models]  # noqa: S608 - names of tables
    with app.app_context(), db.transaction():
        connection = db.session.connection()
        if connection.dialect.name == "postgresql":  # in one round trip
            statements = ["; ".join(statements)]
        for statement in statements:
            connection.exec_driver_sql(statement)


def refresh_id(client: Client) -> str:
    """Return the id of the valid refresh token of a client's session."""
    statement = select(Session.refresh_id).where(Session.user_id == client.user["id"])
    with client.app.app_context():
        ((stored,),) = db.read(statement)
    return str(stored)
