"""The limit of tasks per account, those in the trash included.

Triggers keep the number in the row of the account, so that no creation counts rows.
Whoever inserts tasks locks that row, so that two requests cannot exceed the limit
together.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import current_app
from sqlalchemy import bindparam, exc, select

from taskapi import db
from taskapi.errors import LimitReached
from taskapi.users.models import User

SQLITE_COUNT = (
    "CREATE TRIGGER task_count_insert AFTER INSERT ON tasks BEGIN UPDATE users "
    "SET task_count = task_count + 1 WHERE id = new.owner_id; END",
    "CREATE TRIGGER task_count_delete AFTER DELETE ON tasks BEGIN UPDATE users "
    "SET task_count = task_count - 1 WHERE id = old.owner_id; END",
)
POSTGRESQL_COUNT = (
    "CREATE FUNCTION count_tasks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "UPDATE users SET task_count = task_count "
    "+ CASE TG_OP WHEN 'INSERT' THEN changes.number ELSE -changes.number END "
    "FROM (SELECT owner_id, count(*) AS number FROM changed GROUP BY owner_id) "
    "AS changes WHERE users.id = changes.owner_id; RETURN NULL; END $$",
    "CREATE TRIGGER task_count_insert AFTER INSERT ON tasks REFERENCING NEW TABLE "
    "AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_tasks()",
    "CREATE TRIGGER task_count_delete AFTER DELETE ON tasks REFERENCING OLD TABLE "
    "AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_tasks()",
)

_room = select(User.id).where(
    User.id == bindparam("whose"), User.task_count < bindparam("most_tasks")
)
OWNER_WITH_ROOM: Any = _room.with_for_update(key_share=True).scalar_subquery()
"""The id of an account that may have one more task, else NULL."""

COUNT = select(User.task_count).where(User.id == bindparam("whose"))


def most() -> dict[str, int]:
    """Return the parameter of OWNER_WITH_ROOM."""
    return {"most_tasks": _most()}


@contextmanager
def enforced() -> Iterator[None]:
    """Raise LimitReached if the block inserted OWNER_WITH_ROOM where it is NULL."""
    try:
        yield
    except exc.IntegrityError as error:
        diagnosis = getattr(error.orig, "diag", None)
        column = diagnosis.column_name if diagnosis else str(error.orig)
        if not str(column).endswith("owner_id"):
            raise
        db.undo()
        raise _reached() from error


def check(owner_id: int, number: int) -> None:
    """Raise LimitReached unless an account, whose row is locked, may have more."""
    if not number:
        return
    present = db.session.scalar(COUNT, {"whose": owner_id}) or 0
    if present + number > _most():
        raise _reached()


def _most() -> int:
    return int(current_app.extensions["settings"].max_tasks_per_user)


def _reached() -> LimitReached:
    most_tasks = _most()
    message = (
        f"An account has at most {most_tasks} tasks, those in the trash included; "
        "delete some permanently first."
    )
    return LimitReached(message, limit=most_tasks)
