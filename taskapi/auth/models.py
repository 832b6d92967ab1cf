"""The table of login sessions."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from taskapi.db import Model
from taskapi.users.models import User

TOKEN_ID_LENGTH = 36


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
