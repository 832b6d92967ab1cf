"""Table of login sessions."""

import uuid
from datetime import datetime
from typing import Protocol

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from taskapi import clock
from taskapi.db import Model
from taskapi.users.models import User, UserRow

TOKEN_ID_LENGTH = 36
IP_LENGTH = 45
USER_AGENT_LENGTH = 300
MAX_SESSIONS = 50


def new_token_id() -> str:
    """Return a random identifier for a session or a token."""
    return str(uuid.uuid4())


class Session(Model):
    """A login session; its tokens are valid only while the row exists.

    Tokens contain the random `sid` instead of the id. Only the refresh token with
    `refresh_id` is valid. The previous one is stored to distinguish a repeated request
    from a stolen token.
    """

    __tablename__ = "sessions"

    user_id: Mapped[int] = mapped_column(
        ForeignKey(User.id, ondelete="CASCADE"), index=True
    )
    sid: Mapped[str] = mapped_column(
        String(TOKEN_ID_LENGTH), unique=True, default=new_token_id
    )
    refresh_id: Mapped[str] = mapped_column(String(TOKEN_ID_LENGTH))
    previous_refresh_id: Mapped[str | None] = mapped_column(String(TOKEN_ID_LENGTH))
    rotated_at: Mapped[datetime | None]
    repeated_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime] = mapped_column(default=clock.now)
    ip: Mapped[str | None] = mapped_column(String(IP_LENGTH))
    user_agent: Mapped[str | None] = mapped_column(String(USER_AGENT_LENGTH))


class SessionRow(Protocol):
    """A row of the table."""

    id: int
    user_id: int
    sid: str
    refresh_id: str
    previous_refresh_id: str | None
    rotated_at: datetime
    repeated_at: datetime | None


class SessionUserRow(UserRow, Protocol):
    """A user with the columns of a session that authentication reads."""

    session_id: int
    key_id: None
    scopes: None
    key_project_id: None
    personal_project_id: int
    has_shared_projects: bool
    last_used_at: datetime
