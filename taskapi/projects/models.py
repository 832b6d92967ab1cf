"""Tables of projects and of their members."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    exists,
    or_,
)
from sqlalchemy.orm import Mapped, mapped_column

from taskapi.db import Model
from taskapi.db.types import Id, Ranked, UtcDateTime, exact
from taskapi.db.versioning import Versioned

NAME_LENGTH = 100
PERSONAL_NAME = "Personal"
"""The name of a new personal project."""

MAX_MEMBERSHIPS = 200
"""Limit of the projects of an account; its lists read the index of each of them."""

MAX_MEMBERS = 100
"""Limit of the members of a project."""

PERMANENTLY = datetime.fromtimestamp(0, UTC)
"""The `deleted_at` of permanently deleted projects, whose rows are deleted later."""


class ProjectRole(StrEnum):
    """The role of a member of a project, from the lowest to the highest."""

    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"


class Project(Versioned, Model):
    """A project. `personal_user_id` is the account whose personal project it is."""

    __tablename__ = "projects"

    # The name of the table, since accounts depend on this package.
    personal_user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), unique=True
    )
    name: Mapped[str] = mapped_column(exact(NAME_LENGTH))
    deleted_at: Mapped[datetime | None]

    def __repr__(self) -> str:
        return f"<Project {self.id}>"


class ProjectRow(Protocol):
    """A row of a project, with the columns that Python code reads."""

    id: int
    name: str
    personal_user_id: int | None
    deleted_at: datetime | None
    version: int


class ShownProjectRow(ProjectRow, Protocol):
    """A row with the computed columns of a response as well."""

    role: ProjectRole
    member_count: int


PROJECT_NOT_DELETED = Project.deleted_at.is_(None)
"""The condition that a project is not in the trash."""

IN_TRASH = Project.deleted_at > PERMANENTLY
EXISTING_PROJECT = or_(PROJECT_NOT_DELETED, IN_TRASH)
"""The condition that a project was not deleted permanently."""

memberships = Table(
    "memberships",
    Model.metadata,
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column(
        "project_id", Id, ForeignKey(Project.id, ondelete="CASCADE"), nullable=False
    ),
    Column("role", Ranked(ProjectRole), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("user_id", "project_id"),
    # Referenced by assignees: they must be members of the project of the task.
    UniqueConstraint("project_id", "user_id"),
    CheckConstraint("role BETWEEN 1 AND 3", name="role"),
)

_others = exists().where(
    memberships.c.user_id == Project.personal_user_id,
    memberships.c.project_id != Project.id,
)
HAS_SHARED_PROJECTS = _others.correlate(Project).label("has_shared_projects")
"""Whether the owner of a personal project is a member of other projects."""

Index(
    None,
    Project.deleted_at,
    sqlite_where=~PROJECT_NOT_DELETED,
    postgresql_where=~PROJECT_NOT_DELETED,
)
