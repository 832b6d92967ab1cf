"""Trash: deleted projects, which can be restored until they are purged.

A project in the trash is invisible to all of its members. Its rows stay as they are.
"""

import time
from datetime import timedelta

import structlog
from sqlalchemy import and_, delete, select, update

from taskapi import clock, db
from taskapi.db import statements
from taskapi.db.versioning import Versions
from taskapi.errors import NotFound, PersonalProject
from taskapi.mail import service as outbox
from taskapi.projects import service
from taskapi.projects.models import (
    EXISTING_PROJECT,
    PERMANENTLY,
    PROJECT_NOT_DELETED,
    Project,
    ShownProjectRow,
)
from taskapi.typing import Account

log = structlog.get_logger()

BATCH = 200
"""Rows deleted in one transaction; a task has tags and entries of the search index."""

SHARED = Project.personal_user_id.is_(None)
MARKED = select(Project.id).where(Project.deleted_at == PERMANENTLY)


def remove(
    caller: Account, project_id: int, versions: Versions, *, permanent: bool
) -> None:
    """Move a project to the trash, or delete it permanently, also from the trash.

    The rows of a permanently deleted project are deleted by the background job. Raises
    NotFound, RoleRequired, PreconditionFailed or PersonalProject.
    """
    scope = and_(SHARED, EXISTING_PROJECT if permanent else PROJECT_NOT_DELETED)
    values = {"deleted_at": PERMANENTLY if permanent else clock.now()}
    try:
        service.change(caller, project_id, values, versions, scope)
    except NotFound:
        if service.get(caller, project_id).personal_user_id is not None:
            raise PersonalProject from None
        raise
    if permanent:
        outbox.work_available.set()  # wakes the thread that purges marked projects
    log.info("project deleted", account_id=caller.id, project_id=project_id)


def restore(
    caller: Account, project_id: int, versions: Versions = None
) -> ShownProjectRow:
    """Restore a project; raises NotFound, RoleRequired or PreconditionFailed."""
    restored = service.change(
        caller, project_id, {"deleted_at": None}, versions, EXISTING_PROJECT
    )
    log.info("project restored", account_id=caller.id, project_id=project_id)
    return restored


def purge(retention: timedelta) -> int:
    """Delete the projects that were deleted earlier, with all of their rows.

    They are marked first: a project that has lost some of its rows cannot be restored.
    Return the number of rows.
    """
    expired = Project.deleted_at <= clock.now() - retention
    with db.transaction():
        mark = update(Project).where(expired).values(deleted_at=PERMANENTLY)
        db.session.execute(mark)
    return purge_marked()


def purge_marked() -> int:
    """Delete the projects marked for permanent deletion; return the number of rows."""
    number = 0
    for (project_id,) in db.read(MARKED):
        is_finished = False
        while not is_finished:
            with db.transaction():
                deleted, is_finished = _delete_batch(project_id)
            number += deleted
            time.sleep(0 if is_finished else statements.PAUSE_SECONDS)
    return number


def _delete_batch(project_id: int) -> tuple[int, bool]:
    """Delete a batch of rows; return its size, and whether the project is deleted too.

    The row of the project is deleted last.
    """
    number = statements.delete_referring(Project, project_id, BATCH)
    if number == BATCH:
        return number, False
    db.session.execute(delete(Project).where(Project.id == project_id))
    return number + 1, True
