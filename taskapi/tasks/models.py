"""Table of tasks and table of their tags."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol, cast

from sqlalchemy import (
    DDL,
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    Text,
    event,
    func,
    true,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from taskapi.db import Model
from taskapi.db.types import Id, Ranked, choice, exact
from taskapi.db.versioning import Versioned
from taskapi.projects.models import Project, ProjectRole, memberships
from taskapi.tasks.search_index import SQLITE_INDEX
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
"""The `deleted_at` of permanently deleted tasks, whose rows are deleted later."""


class TaskStatus(StrEnum):
    """The status of a task."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class TaskPriority(StrEnum):
    """The priority of a task, from the lowest to the highest."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


# Triggers keep the number of tasks in the row of the account that created them, so that
# no creation counts rows to enforce the limit.
SQLITE_COUNT = (
    "CREATE TRIGGER task_count_insert AFTER INSERT ON tasks BEGIN UPDATE users "
    "SET task_count = task_count + 1 WHERE id = new.owner_id; END",
    "CREATE TRIGGER task_count_delete AFTER DELETE ON tasks BEGIN UPDATE users "
    "SET task_count = task_count - 1 WHERE id = old.owner_id; END",
)
POSTGRESQL_COUNT = (
    "CREATE FUNCTION count_tasks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "UPDATE users SET task_count = task_count "
    "+ CASE TG_OP WHEN 'INSERT' THEN changes.number ELSE -changes.number END "
    "FROM (SELECT owner_id, count(*) AS number FROM changed GROUP BY owner_id) "
    "AS changes WHERE users.id = changes.owner_id; RETURN NULL; END $$",
    "CREATE TRIGGER task_count_insert AFTER INSERT ON tasks REFERENCING NEW TABLE "
    "AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_tasks()",
    "CREATE TRIGGER task_count_delete AFTER DELETE ON tasks REFERENCING OLD TABLE "
    "AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_tasks()",
)

OPEN = (TaskStatus.TODO, TaskStatus.IN_PROGRESS)


class Task(Versioned, Model):
    """A task.

    A due date is a timestamp or, where `due_is_day` is true, a day. The latter is
    stored as its midnight in UTC, whatever the time zone of the account (see `clock`).
    Tasks deleted together share `deleted_at`.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("priority BETWEEN 1 AND 4", name="priority"),
        # An assignee is a member of the project.
        ForeignKeyConstraint(
            ["project_id", "assignee_id"],
            [memberships.c.project_id, memberships.c.user_id],
            name="fk_tasks_assignee_id_memberships",
        ),
        Model.__table_args__,
    )

    project_id: Mapped[int] = mapped_column(ForeignKey(Project.id, ondelete="CASCADE"))
    owner_id: Mapped[int | None] = mapped_column(
        ForeignKey(User.id, ondelete="SET NULL"), index=True
    )
    """The account that created the task; it grants no access."""
    assignee_id: Mapped[int | None]
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE")
    )
    external_id: Mapped[str | None] = mapped_column(String(EXTERNAL_ID_LENGTH))
    title: Mapped[str] = mapped_column(exact(TITLE_LENGTH))
    description: Mapped[str | None] = mapped_column(Text)
    terms: Mapped[str] = mapped_column(Text().with_variant(TSVECTOR(), "postgresql"))
    """The terms of the search index, from `search.index_terms`."""
    status: Mapped[TaskStatus] = mapped_column(
        choice(TaskStatus), default=TaskStatus.TODO
    )
    priority: Mapped[TaskPriority] = mapped_column(
        Ranked(TaskPriority), default=TaskPriority.MEDIUM
    )
    due_at: Mapped[datetime | None]
    due_is_day: Mapped[bool] = mapped_column(default=False)
    completed_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    def __repr__(self) -> str:
        return f"<Task {self.id}>"


class TaskRow(Protocol):
    """A row of a query of tasks, with the attributes that Python code reads."""

    id: int
    project_id: int
    owner_id: int | None
    assignee_id: int | None
    parent_id: int | None
    external_id: str | None
    title: str
    description: str | None
    status: TaskStatus
    priority: TaskPriority
    due_at: datetime | None
    due_is_day: bool
    completed_at: datetime | None
    deleted_at: datetime | None
    version: int


class ShownTaskRow(TaskRow, Protocol):
    """A row with the computed columns of a response as well."""

    tags: str | None
    subtask_count: int
    done_count: int


class WritableTaskRow(ShownTaskRow, Protocol):
    """A row of a response, with the role of the caller in the project."""

    role: ProjectRole


table = cast("Table", Task.__table__)
NOT_DELETED = Task.deleted_at.is_(None)
DELETED = Task.deleted_at.is_not(None)
IN_TRASH = Task.deleted_at > PERMANENTLY
EXISTING = func.coalesce(IN_TRASH, true())
"""The condition that a task was not deleted permanently."""

task_tags = Table(
    "task_tags",
    Model.metadata,
    Column("task_id", Id, ForeignKey(Task.id, ondelete="CASCADE"), primary_key=True),
    Column("key", exact(TAG_KEY_LENGTH), primary_key=True),
    Column("name", String(TAG_LENGTH), nullable=False),
    Column(
        "project_id", Id, ForeignKey(Project.id, ondelete="CASCADE"), nullable=False
    ),
)


ASSIGNED_INDEX = "ix_tasks_assigned"


def _index(
    *columns: str,
    where: ColumnElement[bool] = NOT_DELETED,
    name: str | None = None,
    unique: bool = False,
) -> None:
    """Declare a partial index; by default it covers the tasks outside the trash."""
    indexed = [table.c[column] for column in columns]
    Index(name, *indexed, unique=unique, sqlite_where=where, postgresql_where=where)


# Almost all indexes begin with the project: a list reads the first entries of
# each project that the account may read.
for sort_key in ("created_at", "updated_at", "completed_at", "priority", "title"):
    _index("project_id", sort_key, "id")
_index("project_id", "due_is_day", "due_at", "id")
_index("project_id", "status", "created_at", "id")
_index("project_id", "external_id", name="uq_tasks_external_id", unique=True)
# The indexes of deleted tasks and of parents are partial: with statistics (ANALYZE)
# SQLite took a full index for lists of other tasks, which lasted minutes at 10,000.
_index("project_id", "deleted_at", where=DELETED)
_index("deleted_at", where=DELETED)
# For the filter, the removal of members and the foreign key. It has all sort columns,
# so that no row is read to sort the tasks of an assignee: with 10,000 of them a list by
# title takes 4 instead of 44 ms on SQLite.
_index(
    *("project_id", "assignee_id", "created_at", "id", "deleted_at", "due_is_day"),
    *("due_at", "title", "priority", "status", "updated_at", "completed_at"),
    where=Task.assignee_id.is_not(None),
    name=ASSIGNED_INDEX,
)
_index("parent_id", where=Task.parent_id.is_not(None))
# Deletes a project in batches, and finds its rows for the foreign key.
Index(None, Task.project_id, Task.id)
# The search index: GIN on PostgreSQL, an FTS5 table fed by triggers on SQLite.
Index("ix_tasks_terms", Task.terms, postgresql_using="gin").ddl_if("postgresql")
for statement in (*SQLITE_INDEX, *SQLITE_COUNT):
    event.listen(table, "after_create", DDL(statement).execute_if(dialect="sqlite"))
for statement in POSTGRESQL_COUNT:
    event.listen(table, "after_create", DDL(statement).execute_if(dialect="postgresql"))
Index(None, task_tags.c.project_id, task_tags.c.key, task_tags.c.task_id)
