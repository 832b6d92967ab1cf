"""Projects and members as operators see and change them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import structlog
from sqlalchemy import select, update

from taskapi import db
from taskapi.errors import PersonalProject
from taskapi.members.service import IS_MEMBER, MEMBERS
from taskapi.projects import queries
from taskapi.projects import service as projects
from taskapi.projects.models import (
    EXISTING_PROJECT,
    Project,
    ProjectRole,
    memberships,
)
from taskapi.users.models import User

log = structlog.get_logger()


class ListedProjectRow(Protocol):
    """A shared project, also one in the trash."""

    id: int
    name: str
    deleted_at: datetime | None
    member_count: int


class ListedMemberRow(Protocol):
    """A member with the names of its account."""

    user_id: int
    role: ProjectRole
    email: str | None
    username: str | None


SHARED = (
    select(Project.id, Project.name, Project.deleted_at, queries.MEMBER_COUNT)
    .where(Project.personal_user_id.is_(None), EXISTING_PROJECT)
    .order_by(Project.id)
)


def list_projects() -> Sequence[ListedProjectRow]:
    """Return all shared projects, oldest first."""
    return db.read(SHARED)


def list_members(project_id: int) -> Sequence[ListedMemberRow]:
    """Return the members of a project; raises NotFound."""
    projects.check_exists(project_id)
    own = MEMBERS.where(memberships.c.project_id == project_id)
    return db.read(own.add_columns(User.email))


def set_owner(project_id: int, user_id: int) -> None:
    """Set an account as an owner of a shared project; it is added if necessary.

    Raises NotFound, PersonalProject or LimitReached.
    """
    parameters = {"project": project_id, "member": user_id}
    lock = queries.EXISTING.with_for_update(key_share=True)
    project = db.session.execute(lock, parameters).one_or_none()
    if project is None:
        raise projects.unknown(project_id)
    if project.personal_user_id is not None:
        raise PersonalProject
    promote = update(memberships).where(IS_MEMBER).values(role=ProjectRole.OWNER)
    promoted = db.session.execute(promote.returning(memberships.c.role), parameters)
    if promoted.one_or_none() is None:
        projects.lock_account(user_id)
        projects.join(project_id, user_id, ProjectRole.OWNER)
    log.info("owner set", account_id=user_id, project_id=project_id)
