"""The table of login sessions."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from taskapi import clock
from taskapi.db import Model
from taskapi.users.models import User

TOKEN_ID_LENGTH = 36
IP_LENGTH = 45
USER_AGENT_LENGTH = 300
MAX_SESSIONS = 50


def new_token_id() -> str:
    """Return a random identifier for a session or a token."""
    return str(uuid.uuid4())


class Session(Model):
    """A login: it lives until it is ended, and so do all of its tokens.

    Its tokens name it by `sid`, which is random and never used again. One refresh token
    is good at a time, `refresh_id`; the previous one is kept to tell a repeated request
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
