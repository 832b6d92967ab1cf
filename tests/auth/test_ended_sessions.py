"""Tokens of an ended session stay rejected, whatever sessions follow."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from taskapi import db
from taskapi.auth.models import Session
from tests.auth.token_signing import access_of, refresh_of
from tests.helpers.cli import run
from tests.helpers.client import PASSWORD, Client, another_session, assert_problem
from tests.helpers.clock import later
from tests.helpers.rows import store_user
from tests.helpers.sql import execute

NEW = "an evening at the sea"
WEEK = 7 * 24 * 3600
CHANGE = {"current_password": PASSWORD, "new_password": NEW}


def current(client: Client) -> int:
    """Return the row id of a client's session."""
    items = client.get("auth/sessions").json["items"]
    return next(int(one["id"]) for one in items if one["current"])


def change_elsewhere(ann: Client) -> None:
    """Change the password in another session, then back."""
    other = another_session(ann)
    other.post("auth/password", CHANGE)
    back = {"current_password": NEW, "new_password": PASSWORD}
    assert other.post("auth/password", back).status_code == 204
    other.post("auth/logout")


def reactivate(ann: Client) -> None:
    run(ann.app, "users", "deactivate", "ann@example.org")
    store_user(ann, is_active=True)


def purge(ann: Client) -> None:
    with later(2 * WEEK):
        run(ann.app, "purge")


ENDINGS: dict[str, Callable[[Client], object]] = {
    "logout": lambda ann: ann.post("auth/logout"),
    "logout everywhere": lambda ann: ann.post("auth/logout", {"all": True}),
    "ending by id": lambda ann: ann.delete(f"auth/sessions/{current(ann)}"),
    "password change": change_elsewhere,
    "operator": lambda ann: run(ann.app, "sessions", "end", "ann@example.org"),
    "reset": lambda ann: run(
        ann.app, "users", "reset-password", "ann@example.org", "--password", PASSWORD
    ),
    "deactivation": reactivate,
    "purge": purge,
}


def log_in_with_row_id(ann: Client, row_id: int) -> Client:
    """Log in again, in a row with the id of the ended session."""
    again = another_session(ann)
    sql = "UPDATE sessions SET id = :old WHERE id = :new"
    execute(ann.app, sql, old=row_id, new=current(again))
    return again


@pytest.mark.one_database
@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
def test_tokens_of_an_ended_session_stay_revoked_after_the_next_login(
    ann: Client, end: Callable[[Client], object]
) -> None:
    row_id = current(ann)
    end(ann)

    again = log_in_with_row_id(ann, row_id)

    assert_problem(ann.get("users/me"), 401, "session-revoked")
    assert_problem(ann.post("tasks", {"title": "Tea"}), 401, "session-revoked")
    old = {"refresh_token": ann.tokens["refresh_token"]}
    assert_problem(Client(ann.app).post("auth/refresh", old), 401, "session-revoked")
    assert again.get("users/me").status_code == 200
    new = {"refresh_token": again.tokens["refresh_token"]}
    assert Client(ann.app).post("auth/refresh", new).status_code == 200


def test_session_identifier_is_random_and_the_same_in_both_tokens(ann: Client) -> None:
    other = another_session(ann)
    with ann.app.app_context():
        stored = {row.sid for row in db.read(select(Session.__table__.c.sid))}

    tokens = [access_of(ann), refresh_of(ann), access_of(other)]

    assert {token.claims["sid"] for token in tokens} == stored
    assert len(stored) == 2


def test_row_ids_of_ended_sessions_are_not_reused(ann: Client) -> None:
    ended = current(ann)
    ann.post("auth/logout")

    again = another_session(ann)

    assert current(again) > ended
