"""Deletion of accounts, in batches."""

import time

import structlog
from sqlalchemy import ColumnElement, and_, delete, select

from taskapi import clock, db
from taskapi.db import statements, versioning
from taskapi.mail import service as mail
from taskapi.projects import departure
from taskapi.projects.models import Project
from taskapi.typing import Caller
from taskapi.users import passwords, service
from taskapi.users.models import USER_NOT_DELETED, User

log = structlog.get_logger()

DELETED_IDS = select(User.id).where(~USER_NOT_DELETED).order_by(User.id)
COLUMNS = [User.__table__.c.id, User.__table__.c.version]

BATCH = 200
"""Rows deleted in one transaction; a task has tags and entries of the search index."""

PAUSE_SECONDS = 0.05
"""The pause between two batches, in which other writers get the lock of SQLite."""


def delete_own(caller: Caller, password: str) -> None:
    """Delete the caller's account and its data.

    Raises InvalidCredentials for a wrong password, LastAdmin for the only admin, and
    LastOwner for the only owner of a project that has other members.
    """
    password_hash = passwords.check_password(caller, password)
    unchanged = passwords.has_password(caller.id, password_hash)
    service.check_other_admin(caller.id)
    with passwords.requiring_password():
        _mark(and_(unchanged, service.is_permitted(caller)), caller.id)


def delete_user(
    user_id: int, versions: versioning.Versions = None, *, by: Caller | None = None
) -> None:
    """Delete an account and its data; raises NotFound, LastAdmin or LastOwner.

    `by` is None for a command of the operator.
    """
    service.check_other_admin(user_id)
    _mark(and_(User.id == user_id, service.is_permitted(by)), user_id, versions)


def purge() -> int:
    """Delete the remaining rows of deleted accounts; return the number of rows."""
    number = 0
    for (user_id,) in db.read(DELETED_IDS):
        is_finished = False
        while not is_finished:
            with db.transaction():
                deleted, is_finished = _delete_batch(user_id)
            number += deleted
            time.sleep(0 if is_finished else PAUSE_SECONDS)
    return number


def _mark(
    scope: ColumnElement[bool], user_id: int, versions: versioning.Versions = None
) -> None:
    """Mark an account as deleted, and delete the first batch of its rows.

    Its email and username can be registered again at once, and it leaves its projects.
    The background thread deletes what remains of a large account.
    """
    names = {"email": None, "username": f"deleted:{user_id}"}
    values = names | {"is_active": False, "deleted_at": clock.now()}
    versioning.change(User, and_(scope, USER_NOT_DELETED), values, versions, COLUMNS)
    departure.leave_all(user_id)
    _, is_finished = _delete_batch(user_id)
    if not is_finished:
        mail.work_available.set()
    log.info("account deleted", account_id=user_id)


def _delete_batch(user_id: int) -> tuple[int, bool]:
    """Delete a batch of rows; return its size, and whether the account is deleted too.

    The rows of its projects come first: deleting the account cascades to them one by
    one, which takes six times as long. Tasks that it created elsewhere stay.
    """
    number = 0
    project_ids = departure.find_ids(user_id)
    for project_id in project_ids:
        number += statements.delete_referring(Project, project_id, BATCH - number)
    number += statements.delete_referring(User, user_id, BATCH - number)
    number += statements.clear_referring(User, user_id, BATCH - number)
    if number == BATCH:
        return number, False
    db.session.execute(delete(Project).where(Project.id.in_(project_ids)))
    db.session.execute(delete(User).where(User.id == user_id))
    return number + 1, True
