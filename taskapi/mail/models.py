"""Table of emails that wait to be sent."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from taskapi import clock
from taskapi.db import Model
from taskapi.db.types import choice

EMAIL_LENGTH = 254


class Kind(StrEnum):
    """The kind of an email; notices and invitations contain no token."""

    RESET = "reset"
    VERIFICATION = "verification"
    NOTICE = "email-changed"
    INVITATION = "invitation"


class OutgoingEmail(Model):
    """An email to an address, whether or not an account has it, or for an invitation.

    The recipient of an invitation is found when its email is composed. The table
    contains no tokens: a token is created when its email is sent.
    """

    __tablename__ = "outgoing_emails"

    kind: Mapped[Kind] = mapped_column(choice(Kind))
    email: Mapped[str | None] = mapped_column(String(EMAIL_LENGTH))
    # The name of the table, since invitations depend on this package.
    invitation_id: Mapped[int | None] = mapped_column(
        ForeignKey("invitations.id", ondelete="CASCADE"), index=True
    )
    attempts: Mapped[int] = mapped_column(default=0)
    send_after: Mapped[datetime] = mapped_column(default=clock.now, index=True)


class EmailRow(Protocol):
    """A row of the table; an invitation has no address, its content names one."""

    id: int
    created_at: datetime
    kind: Kind
    email: str
    invitation_id: int | None
    attempts: int
