"""The table of login sessions."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from taskapi import clock
from taskapi.db import Model
from taskapi.users.models import User

TOKEN_ID_LENGTH = 36
IP_LENGTH = 45
USER_AGENT_LENGTH = 300


class Session(Model):
    """A login: it lives until it is ended, and so do all of its tokens.

    One refresh token is good at a time, `refresh_id`; the one before it is remembered
    to tell a repeated request from a stolen token.
    """

    __tablename__ = "sessions"

    user_id: Mapped[int] = mapped_column(
        ForeignKey(User.id, ondelete="CASCADE"), index=True
    )
    refresh_id: Mapped[str] = mapped_column(String(TOKEN_ID_LENGTH))
    previous_refresh_id: Mapped[str | None] = mapped_column(String(TOKEN_ID_LENGTH))
    rotated_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime] = mapped_column(default=clock.now)
    ip: Mapped[str | None] = mapped_column(String(IP_LENGTH))
    user_agent: Mapped[str | None] = mapped_column(String(USER_AGENT_LENGTH))
