"""Projects: creation, changes, deletion."""

from sqlalchemy import bindparam, insert, select

from taskapi import clock, db
from taskapi.db import versioning
from taskapi.projects.models import (
    PERSONAL_NAME,
    Project,
    ProjectRole,
    ProjectRow,
    memberships,
)

PERSONAL = select(Project.id).where(Project.personal_user_id == bindparam("user_id"))


def create_personal(user_id: int) -> int:
    """Create the personal project of a new account, with it as the owner."""
    values = {"name": PERSONAL_NAME, "personal_user_id": user_id}
    project: ProjectRow = versioning.create(Project, values)
    add_member(project.id, user_id, ProjectRole.OWNER)
    return project.id


def add_member(project_id: int, user_id: int, role: ProjectRole) -> None:
    """Add an account to a project of which it is not a member."""
    member = {"project_id": project_id, "user_id": user_id, "role": role}
    db.session.execute(insert(memberships).values(**member, created_at=clock.now()))


def personal_id(user_id: int) -> int:
    """Return the id of the personal project of an account."""
    return int(db.read(PERSONAL, {"user_id": user_id})[0].id)
