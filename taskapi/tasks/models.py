"""The table of tasks."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from taskapi.db import Model, choice
from taskapi.users.models import User
from taskapi.versioned import Versioned

TITLE_LENGTH = 255
DESCRIPTION_LENGTH = 10_000


class Status(StrEnum):
    """Where a task stands: the four states of an iCalendar to-do (RFC 5545)."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Priority(StrEnum):
    """How much a task matters, the least first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


OPEN = (Status.TODO, Status.IN_PROGRESS)


class Task(Versioned, Model):
    """Something to do.

    A due date is a moment, or a bare day: then `due_is_day`, and `due_at` is the
    midnight in UTC with which the day sorts and compares.
    """

    __tablename__ = "tasks"

    owner_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(
        String(TITLE_LENGTH).with_variant(
            String(TITLE_LENGTH, collation="C"), "postgresql"
        )
    )
    description: Mapped[str | None] = mapped_column(Text)
    status: Mapped[Status] = mapped_column(choice(Status), default=Status.TODO)
    priority: Mapped[Priority] = mapped_column(
        choice(Priority), default=Priority.MEDIUM
    )
    due_at: Mapped[datetime | None]
    due_is_day: Mapped[bool] = mapped_column(default=False)
    completed_at: Mapped[datetime | None]

    def __repr__(self) -> str:
        return f"<Task {self.id}>"


Index(None, Task.owner_id, Task.created_at, Task.id)
Index(None, Task.owner_id, Task.updated_at, Task.id)
Index(None, Task.owner_id, Task.due_at, Task.id)
