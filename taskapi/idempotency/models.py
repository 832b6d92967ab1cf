"""Table of stored responses."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from taskapi.db import Model
from taskapi.users.models import User


class StoredResponse(Model):
    """Response to a request with an idempotency key; empty while the request runs."""

    __tablename__ = "stored_responses"
    __table_args__ = (UniqueConstraint("user_id", "subject"), Model.__table_args__)

    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    subject: Mapped[str] = mapped_column(String(64))
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None] = mapped_column(SmallInteger)
    headers: Mapped[str | None] = mapped_column(Text)
    body: Mapped[bytes | None]
    expires_at: Mapped[datetime]


Index(None, StoredResponse.expires_at)
