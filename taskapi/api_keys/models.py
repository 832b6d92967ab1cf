"""Table of API keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import Dialect, ForeignKey, String, TypeDecorator
from sqlalchemy.orm import Mapped, mapped_column

from taskapi.db import Model
from taskapi.projects.models import Project
from taskapi.scopes import Scope
from taskapi.typing import Fields
from taskapi.users.models import User, UserRow

NAME_LENGTH = 100
PREFIX_LENGTH = 8
MAX_KEYS = 50


class Scopes(TypeDecorator[Sequence[Scope]]):
    """A set of scopes, stored as in OAuth 2.0: separated by spaces."""

    impl = String(100)
    cache_ok = True

    def process_bind_param(
        self, value: Sequence[Scope] | None, _dialect: Dialect
    ) -> str | None:
        """Join the scopes, in the order of their definition."""
        return None if value is None else " ".join(s for s in Scope if s in value)

    def process_result_value(
        self, value: str | None, _dialect: Dialect
    ) -> Sequence[Scope] | None:
        """Split the scopes."""
        return None if value is None else [Scope(name) for name in value.split()]


class ApiKey(Model):
    """An API key: its public prefix and a hash of the key, which is not stored."""

    __tablename__ = "api_keys"

    user_id: Mapped[int] = mapped_column(
        ForeignKey(User.id, ondelete="CASCADE"), index=True
    )
    # CASCADE: SET NULL would widen the key.
    project_id: Mapped[int | None] = mapped_column(
        ForeignKey(Project.id, ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    prefix: Mapped[str] = mapped_column(String(PREFIX_LENGTH), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[Sequence[Scope]] = mapped_column(Scopes)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class ApiKeyRow(Protocol):
    """A row without the hash."""

    id: int
    project_id: int | None
    name: str
    prefix: str
    scopes: Sequence[Scope]
    expires_at: datetime | None
    last_used_at: datetime | None

    def _asdict(self) -> Fields: ...


class KeyOwnerRow(UserRow, Protocol):
    """A user with the columns of an API key that authentication reads."""

    session_id: None
    key_id: int
    secret_hash: str
    key_project_id: int | None
    personal_project_id: int
    has_shared_projects: bool
    scopes: Sequence[Scope]
    expires_at: datetime | None
    last_used_at: datetime | None
