"""Table of tokens that were sent by email."""

from datetime import datetime
from typing import Protocol

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from taskapi.db import Model
from taskapi.db.types import choice
from taskapi.mail.models import Kind
from taskapi.users.models import User, UserPasswordRow


class EmailToken(Model):
    """The hash of the latest token of each kind for an account.

    `binding` is a hash of the values that the token depends on, such as the email. If
    one of them changes, the token is invalid.
    """

    __tablename__ = "email_tokens"
    __table_args__ = (UniqueConstraint("user_id", "kind"), Model.__table_args__)

    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    kind: Mapped[Kind] = mapped_column(choice(Kind))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    binding: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]


class TokenUserRow(UserPasswordRow, Protocol):
    """A user with the columns of an email token."""

    token_id: int
    token_hash: str
    binding: str
