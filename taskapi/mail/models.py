"""The table of letters that wait to be sent."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from taskapi import clock
from taskapi.db import Model
from taskapi.db.types import choice

EMAIL_LENGTH = 254


class Kind(StrEnum):
    """The subject of an email; a notice needs no token."""

    RESET = "reset"
    VERIFICATION = "verification"
    NOTICE = "email-changed"


class OutgoingEmail(Model):
    """A letter to an address, whether an account has it or not.

    It holds no token: that is made when the letter is sent.
    """

    __tablename__ = "outgoing_emails"

    kind: Mapped[Kind] = mapped_column(choice(Kind))
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH))
    attempts: Mapped[int] = mapped_column(default=0)
    send_after: Mapped[datetime] = mapped_column(default=clock.now, index=True)
