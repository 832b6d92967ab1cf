"""Table of invitations."""

from datetime import datetime
from typing import Protocol

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    String,
    UniqueConstraint,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from taskapi.db import Model
from taskapi.db.types import Ranked
from taskapi.mail.models import EMAIL_LENGTH
from taskapi.projects.models import Project, ProjectRole
from taskapi.typing import Fields
from taskapi.users.models import USERNAME_LENGTH, User

MAX_OPEN = 20
"""Limit of the open invitations of a project."""

MAX_DAYS = 30
DEFAULT_DAYS = 7
TOKEN_LENGTH = 100
ADDRESSES = ("username", "email")

ONE_ADDRESS = (
    "(username IS NOT NULL AND email IS NULL AND token_hash IS NULL) "
    "OR (username IS NULL AND email IS NOT NULL AND token_hash IS NULL) "
    "OR (username IS NULL AND email IS NULL AND token_hash IS NOT NULL)"
)


class Invitation(Model):
    """An open invitation to a project; accepting or declining it deletes the row.

    It has a username, an email or the hash of a token. `user_id` is the account that
    had the username when the invitation was created.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint("role BETWEEN 1 AND 3", name="role"),
        CheckConstraint(ONE_ADDRESS, name="one_address"),
        UniqueConstraint("project_id", "username"),
        UniqueConstraint("project_id", "email"),
        Model.__table_args__,
    )

    project_id: Mapped[int] = mapped_column(
        ForeignKey(Project.id, ondelete="CASCADE"), index=True
    )
    role: Mapped[ProjectRole] = mapped_column(Ranked(ProjectRole))
    username: Mapped[str | None] = mapped_column(String(USERNAME_LENGTH))
    email: Mapped[str | None] = mapped_column(String(EMAIL_LENGTH), index=True)
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey(User.id, ondelete="CASCADE"), index=True
    )
    invited_by: Mapped[int | None] = mapped_column(
        ForeignKey(User.id, ondelete="SET NULL"), index=True
    )
    expires_at: Mapped[datetime] = mapped_column(index=True)

    def __repr__(self) -> str:
        return f"<Invitation {self.id}>"


PRIVATE = {"token_hash", "user_id", "updated_at"}
COLUMNS = [c for c in Invitation.__table__.c if c.key not in PRIVATE]


class InvitationRow(Protocol):
    """A row without the hash of the token."""

    id: int
    project_id: int
    role: ProjectRole

    def _asdict(self) -> Fields: ...


class EmailInvitationRow(Protocol):
    """An invitation with the columns that its email needs."""

    username: str | None
    expires_at: datetime
    inviter: str | None
    recipient: str


def is_addressed_to(user_id: int) -> ColumnElement[bool]:
    """Return the condition that an invitation is to an account or its email.

    Only a verified email counts.
    """
    verified = select(User.email).where(User.id == user_id, User.email_verified)
    return or_(
        Invitation.user_id == user_id, Invitation.email == verified.scalar_subquery()
    )
