"""The table of accounts."""

import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from taskapi.db import Model
from taskapi.db.types import choice
from taskapi.db.versioning import Versioned
from taskapi.mail.models import EMAIL_LENGTH

USERNAME_LENGTH = 50
FULL_NAME_LENGTH = 100
TIMEZONE_LENGTH = 64


class Role(StrEnum):
    """What a user may do."""

    USER = "user"
    ADMIN = "admin"


class User(Versioned, Model):
    """An account, known by email, username or both, each in its folded form."""

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
    task_count: Mapped[int] = mapped_column(default=0, server_default="0")

    def __repr__(self) -> str:
        return f"<User {self.id}>"


def fold(name: str) -> str:
    """Return the form in which a name is unique: NFKC, case folded."""
    return unicodedata.normalize("NFKC", name).casefold()


def login_of(user: Any) -> str:
    """Return the name by which an account is known to people."""
    return str(user.email or user.username)


class LoginAttempts(Model):
    """How often a password was guessed lately, for an account or from an address."""

    __tablename__ = "login_attempts"

    subject: Mapped[str] = mapped_column(String(64), unique=True)
    number: Mapped[int]
    expires_at: Mapped[datetime]


PRIVATE = {"password_hash", "deleted_at", "task_count"}
PUBLIC_COLUMNS = [c for c in User.__table__.c if c.key not in PRIVATE]
PRESENT = User.deleted_at.is_(None)
"""The condition that the deletion of an account has not begun."""

Index(None, User.deleted_at, sqlite_where=~PRESENT, postgresql_where=~PRESENT)
