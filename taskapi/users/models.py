"""Tables of accounts and of failed login attempts."""

import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from taskapi.db import Model
from taskapi.db.types import choice
from taskapi.db.versioning import Versioned
from taskapi.mail.models import EMAIL_LENGTH
from taskapi.typing import Account

USERNAME_LENGTH = 50
FULL_NAME_LENGTH = 100
TIMEZONE_LENGTH = 64


class Role(StrEnum):
    """The role of an account."""

    USER = "user"
    ADMIN = "admin"


class User(Versioned, Model):
    """An account with an email, a username or both, stored in their folded form."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("email IS NOT NULL OR username IS NOT NULL", name="has_name"),
        Model.__table_args__,
    )

    email: Mapped[str | None] = mapped_column(String(EMAIL_LENGTH), unique=True)
    username: Mapped[str | None] = mapped_column(String(USERNAME_LENGTH), unique=True)
    password_hash: Mapped[str] = mapped_column(String(60))
    full_name: Mapped[str | None] = mapped_column(String(FULL_NAME_LENGTH))
    timezone: Mapped[str] = mapped_column(String(TIMEZONE_LENGTH), default="UTC")
    role: Mapped[Role] = mapped_column(choice(Role), default=Role.USER)
    is_active: Mapped[bool] = mapped_column(default=True)
    email_verified: Mapped[bool] = mapped_column(default=False)
    deleted_at: Mapped[datetime | None]
    # Maintained by triggers of the tasks table, so that the limit of tasks per account
    # is checked without counting rows.
    task_count: Mapped[int] = mapped_column(default=0, server_default="0")
    stored_bytes: Mapped[int] = mapped_column(default=0, server_default="0")
    """Size of the responses stored for idempotency keys."""

    def __repr__(self) -> str:
        return f"<User {self.id}>"


class UserRow(Protocol):
    """A row with `PUBLIC_COLUMNS`."""

    id: int
    email: str | None
    username: str | None
    timezone: str
    role: Role
    is_active: bool
    email_verified: bool
    version: int


class UserPasswordRow(UserRow, Protocol):
    """A row with all columns of an account."""

    password_hash: str


def fold(name: str) -> str:
    """Return the form of an email or username that must be unique."""
    return unicodedata.normalize("NFKC", name).casefold()


def get_login(user: Account) -> str:
    """Return the email of an account, or its username if it has no email."""
    return str(user.email or user.username)


class LoginAttempts(Model):
    """The number of recent login attempts for an account or from an address.

    `subject` is a hash, so that the table contains no addresses and no names.
    """

    __tablename__ = "login_attempts"

    subject: Mapped[str] = mapped_column(String(64), unique=True)
    number: Mapped[int]
    expires_at: Mapped[datetime]


PRIVATE = {"password_hash", "deleted_at", "task_count", "stored_bytes"}
PUBLIC_COLUMNS = [c for c in User.__table__.c if c.key not in PRIVATE]
USER_NOT_DELETED = User.deleted_at.is_(None)
"""The condition that the deletion of an account has not begun."""

Index(
    None,
    User.deleted_at,
    sqlite_where=~USER_NOT_DELETED,
    postgresql_where=~USER_NOT_DELETED,
)
