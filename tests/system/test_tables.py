"""Constraints that the database enforces."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from taskapi import db
from taskapi.db import engine
from tests.helpers.client import Client
from tests.helpers.sql import counts, execute

USER = (
    "INSERT INTO users (id, email, password_hash, timezone, role, is_active,"
    " email_verified, version, created_at, updated_at) VALUES (:id, :email, 'x',"
    " 'UTC', :role, true, false, 1, '2026-01-01', '2026-01-01')"
)
TASK = (
    "INSERT INTO tasks (project_id, title, terms, status, priority, due_is_day,"
    " version, created_at, updated_at)"
    " VALUES (:project_id, 'x', '', :status, :priority, false, 1,"
    " '2026-01-01', '2026-01-01')"
)
VALID_USER = {"id": 2**40, "email": "bob@example.org", "role": "user"}
NEXT_USER = VALID_USER | {"id": 2**40 + 1, "email": "cat@example.org"}
PROJECT = (
    "INSERT INTO projects (id, name, version, created_at, updated_at)"
    " VALUES (:id, 'x', 1, '2026-01-01', '2026-01-01')"
)
VALID_TASK = {"project_id": 2**40, "status": "todo", "priority": 1}


@pytest.mark.parametrize(
    ("statement", "values", "constraint"),
    [
        (USER, NEXT_USER | {"role": "root"}, "role"),
        (USER, NEXT_USER | {"email": None}, "has_name"),
        (USER, NEXT_USER | {"email": "ann@example.org"}, "email"),
        (TASK, VALID_TASK | {"status": "TODO"}, "status"),
        (TASK, VALID_TASK | {"priority": 5}, "priority"),
        (TASK, VALID_TASK | {"project_id": 2**41}, "(?i)foreign"),
    ],
    ids=["role", "nameless", "taken", "status", "priority", "orphan"],
)
def test_database_rejects_invalid_rows(
    app: Flask, ann: Client, statement: str, values: dict[str, Any], constraint: str
) -> None:
    execute(app, USER, **VALID_USER)
    execute(app, PROJECT, id=2**40)
    before = counts(app)

    with pytest.raises(IntegrityError, match=constraint):
        execute(app, statement, **values)

    assert counts(app) == before


def test_other_tables_have_an_account_or_project_column() -> None:
    tables = db.Model.metadata.tables.values()

    shared = {t.name for t in tables if not {"project_id", "user_id"} & set(t.c.keys())}

    assert shared == {"users", "projects", "login_attempts", "outgoing_emails"}


def test_titles_sort_by_code_point_on_postgresql(apps: dict[str, Flask]) -> None:
    query = "SELECT collation_name FROM information_schema.columns"
    condition = "table_name = 'tasks' AND column_name = 'title'"

    found = execute(apps["postgresql"], f"{query} WHERE {condition}")

    assert found == [("C",)]


def test_deleting_an_account_deletes_its_rows(
    app: Flask, ann: Client, bob: Client
) -> None:
    ann.create_task()

    execute(app, "DELETE FROM users WHERE email = 'ann@example.org'")

    assert counts(app) == {"users": 1, "sessions": 1, "tasks": 0}
    assert bob.get("users/me").status_code == 200


def test_ids_are_never_reused(app: Flask, ann: Client) -> None:
    first = ann.create_task()["id"]
    execute(app, "DELETE FROM users")

    again = Client(app, "ann").register().log_in()

    assert again.create_task()["id"] > first
    assert again.user["id"] > ann.user["id"]


def test_sqlite_connections_set_pragmas(apps: dict[str, Flask]) -> None:
    names = ["foreign_keys", "journal_mode", "synchronous"]

    found = [execute(apps["sqlite"], f"PRAGMA {name}")[0][0] for name in names]

    assert found == [1, "wal", 2]


def test_new_sqlite_file_can_be_opened_by_two_processes(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path)) as first, closing(sqlite3.connect(path)) as new:

        def release_lock(statement: str) -> None:
            if statement == "BEGIN EXCLUSIVE":
                first.rollback()

        first.execute("BEGIN IMMEDIATE")
        new.set_trace_callback(release_lock)
        engine.prepare_sqlite(new, None)

        assert new.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_sqlite_file_without_wal_is_rejected_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "restored.db"
    with (
        closing(sqlite3.connect(path)) as reader,
        closing(sqlite3.connect(path, timeout=0)) as new,
    ):
        reader.execute("CREATE TABLE tasks (id)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM tasks")

        with pytest.raises(sqlite3.OperationalError, match="locked"):
            engine.prepare_sqlite(new, None)
