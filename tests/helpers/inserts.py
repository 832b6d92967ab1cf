"""Rows that tests insert without requests, in the current transaction.

Most tests insert two accounts with their sessions: the statements are compiled once.
"""

from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Table, insert

from taskapi import clock, db
from taskapi.auth.models import Session, new_token_id
from taskapi.db.compiled import CompiledStatement
from taskapi.projects.models import PERSONAL_NAME, Project, ProjectRole, memberships
from taskapi.users.models import User


def insert_account(email: str, password_hash: str) -> Any:
    return _insert(User.__table__, email=email, password_hash=password_hash)


def insert_personal_project(user_id: int) -> int:
    """Insert the personal project of an account, and return its id."""
    values = {"name": PERSONAL_NAME, "personal_user_id": user_id}
    project_id: int = _insert(Project.__table__, **values).id
    member = {"project_id": project_id, "user_id": user_id, "role": ProjectRole.OWNER}
    _insert(memberships, **member)
    return project_id


def insert_session(user_id: int) -> Any:
    expires_at = clock.now() + timedelta(days=7)
    values = {"user_id": user_id, "refresh_id": new_token_id()}
    return _insert(Session.__table__, expires_at=expires_at, **values)


def _insert(table: Any, **values: Any) -> Any:
    """Insert one row with these values and the defaults of its columns; return it."""
    now = clock.now()
    times = {name: now for name in ("created_at", "updated_at") if name in table.c}
    defaults = {n: d.arg(None) if d.is_callable else d.arg for n, d in _defaults(table)}
    row = defaults | times | values
    return _statement(table, frozenset(row)).run(db.session.connection(), row)[0]


@cache
def _defaults(table: Table) -> list[tuple[str, Any]]:
    return [(one.name, one.default) for one in table.columns if one.default]


@cache
def _statement(table: Table, names: frozenset[str]) -> CompiledStatement[Any]:
    statement = insert(table).returning(*table.columns)
    return CompiledStatement(statement, columns=sorted(names))
