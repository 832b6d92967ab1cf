"""Accounts that tests insert have the rows of registered ones."""

from typing import Any

from flask import Flask
from sqlalchemy import text

from taskapi import db
from tests.helpers.client import Client

GIVEN = {"id", "email", "personal_user_id", "user_id", "project_id"}


def rows(app: Flask, client: Client) -> list[dict[str, Any]]:
    """Return the project and the membership of an account, without ids and times."""
    tables = {"projects": "personal_user_id", "memberships": "user_id"}
    found = []
    for table, column in tables.items():
        with app.app_context():
            query = text(f"SELECT * FROM {table} WHERE {column} = :id")  # noqa: S608 # constant names
            (row,) = db.read(query, {"id": client.user["id"]})
        found.append({n: v for n, v in row._asdict().items() if not_given(n)})
    return found


def not_given(name: str) -> bool:
    return name not in GIVEN and not name.endswith("_at")


def test_inserted_account_has_the_rows_of_a_registered_one(app: Flask) -> None:
    registered = Client(app, "ann").register()
    inserted = Client(app, "bob").sign_in()

    assert rows(app, inserted) == rows(app, registered)
