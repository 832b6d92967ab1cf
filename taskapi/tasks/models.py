"""The table of tasks."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import (
    DDL,
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    event,
    func,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from taskapi.db import Model
from taskapi.db.types import Id, Ranked, choice, exact
from taskapi.db.versioning import Versioned
from taskapi.tasks.limit import POSTGRESQL_COUNT, SQLITE_COUNT
from taskapi.tasks.search import SQLITE_INDEX, Words
from taskapi.users.models import User

TITLE_LENGTH = 255
DESCRIPTION_LENGTH = 10_000
EXTERNAL_ID_LENGTH = 200
TAG_LENGTH = 50
TAG_KEY_LENGTH = 18 * TAG_LENGTH  # no character folds to more than 18
MAX_TAGS = 20
MAX_SUBTASKS = 100
MAX_TREE_DEPTH = 10
MAX_EXPANDED_TASKS = 1000
MAX_BULK_TASKS = 100
MAX_DELETED_TASKS = 10_000
"""Tasks that one request moves to the trash; the only writer of SQLite takes 0.3 s."""

PERMANENTLY = datetime.fromtimestamp(0, UTC)
"""As `deleted_at`: deleted permanently by its owner, and soon by the background job."""


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

    A due date is a timestamp or, where `due_is_day` is true, a day: then `due_at` is
    its midnight in UTC, whatever the time zone of the account (see `local_days`). Tasks
    deleted together share `deleted_at`.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("priority BETWEEN 1 AND 4", name="priority"),
        Model.__table_args__,
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE")
    )
    external_id: Mapped[str | None] = mapped_column(String(EXTERNAL_ID_LENGTH))
    title: Mapped[str] = mapped_column(exact(TITLE_LENGTH))
    description: Mapped[str | None] = mapped_column(Text)
    words: Mapped[list[str]] = mapped_column(Words)
    status: Mapped[Status] = mapped_column(choice(Status), default=Status.TODO)
    priority: Mapped[Priority] = mapped_column(
        Ranked(Priority), default=Priority.MEDIUM
    )
    due_at: Mapped[datetime | None]
    due_is_day: Mapped[bool] = mapped_column(default=False)
    completed_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    def __repr__(self) -> str:
        return f"<Task {self.id}>"


table = cast("Table", Task.__table__)
NOT_DELETED = Task.deleted_at.is_(None)
DELETED = Task.deleted_at.is_not(None)
IN_TRASH = Task.deleted_at > PERMANENTLY
EXISTING = func.coalesce(IN_TRASH, true())
"""True of what its owner has not deleted permanently."""

task_tags = Table(
    "task_tags",
    Model.metadata,
    Column("task_id", Id, ForeignKey(Task.id, ondelete="CASCADE"), primary_key=True),
    Column("key", exact(TAG_KEY_LENGTH), primary_key=True),
    Column("name", String(TAG_LENGTH), nullable=False),
    Column("owner_id", Id, ForeignKey(User.id, ondelete="CASCADE"), nullable=False),
)


def _of_some(
    *columns: Any, where: ColumnElement[bool] = NOT_DELETED, **options: Any
) -> Index:
    """Index the rows that meet a condition: those outside the trash, unless it says."""
    name = options.pop("name", None)
    return Index(name, *columns, sqlite_where=where, postgresql_where=where, **options)


for column in (
    Task.created_at,
    Task.updated_at,
    Task.completed_at,
    Task.priority,
    Task.title,
):
    _of_some(Task.owner_id, column, Task.id)
_of_some(Task.owner_id, Task.due_is_day, Task.due_at, Task.id)
_of_some(Task.owner_id, Task.status, Task.created_at, Task.id)
_of_some(Task.owner_id, Task.external_id, name="uq_tasks_external_id", unique=True)
_of_some(Task.owner_id, Task.deleted_at, where=DELETED)
_of_some(Task.deleted_at, where=DELETED)
_of_some(Task.parent_id, where=Task.parent_id.is_not(None))
# deletes an account in batches, and finds its rows for the foreign key
Index(None, Task.owner_id, Task.id)
# the search index: GIN on PostgreSQL, an FTS5 table fed by triggers on SQLite
Index("ix_tasks_terms", Task.words, postgresql_using="gin").ddl_if("postgresql")
for statement in (*SQLITE_INDEX, *SQLITE_COUNT):
    event.listen(table, "after_create", DDL(statement).execute_if(dialect="sqlite"))
for statement in POSTGRESQL_COUNT:
    event.listen(table, "after_create", DDL(statement).execute_if(dialect="postgresql"))
Index(None, task_tags.c.owner_id, task_tags.c.key, task_tags.c.task_id)
