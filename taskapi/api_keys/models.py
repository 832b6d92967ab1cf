"""The table of API keys."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Dialect, ForeignKey, String, TypeDecorator
from sqlalchemy.orm import Mapped, mapped_column

from taskapi.db import Model
from taskapi.scopes import Scope
from taskapi.users.models import User

NAME_LENGTH = 100
PREFIX_LENGTH = 8
MAX_KEYS = 50


class Scopes(TypeDecorator[Sequence[Scope]]):
    """A set of scopes, kept as OAuth 2.0 writes them: words with a space between."""

    impl = String(100)
    cache_ok = True

    def process_bind_param(
        self, value: Sequence[Scope] | None, _dialect: Dialect
    ) -> str | None:
        """Write the scopes in the order of their definition."""
        return None if value is None else " ".join(s for s in Scope if s in value)

    def process_result_value(
        self, value: str | None, _dialect: Dialect
    ) -> Sequence[Scope] | None:
        """Read the scopes."""
        return None if value is None else [Scope(word) for word in value.split()]


class ApiKey(Model):
    """A key: its public prefix and the hash of the rest, never the key itself."""

    __tablename__ = "api_keys"

    user_id: Mapped[int] = mapped_column(
        ForeignKey(User.id, ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    prefix: Mapped[str] = mapped_column(String(PREFIX_LENGTH), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[Sequence[Scope]] = mapped_column(Scopes)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
