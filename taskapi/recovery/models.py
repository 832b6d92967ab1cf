"""The table of tokens that were mailed."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from taskapi.db import Model
from taskapi.db.types import choice
from taskapi.mail.models import Kind
from taskapi.users.models import User


class EmailToken(Model):
    """The hash of a token: one of each kind for an account, the newest.

    `binding` is a hash of what the token is about, such as the email: when that has
    changed the token is dead.
    """

    __tablename__ = "email_tokens"
    __table_args__ = (UniqueConstraint("user_id", "kind"), Model.__table_args__)

    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    kind: Mapped[Kind] = mapped_column(choice(Kind))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    binding: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]
