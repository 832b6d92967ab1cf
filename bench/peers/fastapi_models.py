"""Tables, statements and pydantic models of the FastAPI peer.

The tables are those of taskapi, mapped as a FastAPI project would do it.
"""

import base64
import json
import re
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import (
    BigInteger,
    DateTime,
    SmallInteger,
    String,
    and_,
    bindparam,
    case,
    func,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, mapped_column

from bench.data import SEARCH_COLUMN


class Status(StrEnum):
    """Status of a task."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Priority(StrEnum):
    """Priority of a task, stored as its position from 1."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


PRIORITIES = list(Priority)


class Base(DeclarativeBase):
    """Base of the tables."""

    type_annotation_map = {datetime: DateTime(timezone=True), int: BigInteger}


class User(Base):
    """An account."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str | None]
    password_hash: Mapped[str]
    timezone: Mapped[str]
    is_active: Mapped[bool]


class Session(Base):
    """A login session."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    sid: Mapped[str]
    refresh_id: Mapped[str]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    ip: Mapped[str | None]
    user_agent: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Task(Base):
    """A task."""

    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    owner_id: Mapped[int]
    parent_id: Mapped[int | None]
    external_id: Mapped[str | None]
    title: Mapped[str]
    description: Mapped[str | None]
    terms: Mapped[str] = mapped_column(SEARCH_COLUMN, TSVECTOR, deferred=True)
    status: Mapped[str] = mapped_column(String(20))
    priority: Mapped[int] = mapped_column(SmallInteger)
    due_at: Mapped[datetime | None]
    due_is_day: Mapped[bool]
    completed_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class TaskTag(Base):
    """A tag of a task."""

    __tablename__ = "task_tags"

    task_id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    project_id: Mapped[int]


class Project(Base):
    """The personal project of an account."""

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(primary_key=True)
    personal_user_id: Mapped[int]


CALLER = (
    select(User.id, User.timezone, Project.id.label("project_id"))
    .join(Session, Session.user_id == User.id)
    .join(Project, Project.personal_user_id == User.id)
    .where(
        Session.sid == bindparam("sid"),
        User.id == bindparam("user_id"),
        User.is_active,
    )
)
ACCOUNT = select(User.id, User.password_hash, User.is_active).where(
    User.username == bindparam("name")
)

_subtask = aliased(Task)
_subtasks = select(func.count()).where(
    _subtask.parent_id == Task.id, _subtask.deleted_at.is_(None)
)
_due_before = case(
    (Task.due_is_day, bindparam("today", type_=DateTime(timezone=True))),
    else_=bindparam("now", type_=DateTime(timezone=True)),
)
STORED_COLUMNS = [c for c in Task.__table__.c if c.key != SEARCH_COLUMN]
IS_OVERDUE = and_(
    Task.status.in_([Status.TODO, Status.IN_PROGRESS]),
    func.coalesce(Task.due_at < _due_before, False),
).label("is_overdue")
_visible = (
    Task.project_id == bindparam("project"),
    Task.deleted_at.is_(None),
)
_tasks = select(
    *STORED_COLUMNS,
    select(func.aggregate_strings(TaskTag.name, ","))
    .where(TaskTag.task_id == Task.id)
    .scalar_subquery()
    .label("tags"),
    _subtasks.scalar_subquery().label("subtask_count"),
    _subtasks.where(_subtask.status == Status.COMPLETED)
    .scalar_subquery()
    .label("done_count"),
    IS_OVERDUE,
).where(*_visible)
ONE = _tasks.where(Task.id == bindparam("task_id"))
LOCKED = (
    select(Task)
    .where(*_visible, Task.id == bindparam("task_id"))
    .with_for_update(key_share=True)
)
PAGE = _tasks.order_by(Task.created_at.desc(), Task.id.desc()).limit(bindparam("limit"))
PAGE_AFTER = PAGE.where(
    tuple_(Task.created_at, Task.id)
    < tuple_(
        bindparam("after_at", type_=DateTime(timezone=True)), bindparam("after_id")
    )
)


def current_time(timezone: str) -> dict[str, Any]:
    """Return the parameters `now` and `today`, the day in a time zone at 0:00 UTC."""
    now = datetime.now(UTC)
    day = now.astimezone(ZoneInfo(timezone)).date()
    return {"now": now, "today": datetime(day.year, day.month, day.day, tzinfo=UTC)}


def search_terms(project_id: int, *texts: str | None) -> str:
    """Return the value of the search index of a task."""
    terms: set[str] = set()
    for text in filter(None, texts):
        terms.update(re.findall(r"[^\W_]+", text.casefold()))
    return " ".join(f"'{project_id}@{term}'" for term in sorted(terms))


class TaskIn(BaseModel):
    """A new task."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    title: Annotated[str, Field(min_length=1, max_length=255)]
    description: Annotated[str, Field(max_length=10_000)] | None = None
    status: Status = Status.TODO
    priority: Priority = Priority.MEDIUM
    due_date: date | datetime | None = None
    external_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    tags: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=50)]], Field(max_length=20)
    ] = []

    def columns(self) -> dict[str, Any]:
        """Return the values of the columns that the request sets."""
        values = self.model_dump(exclude_unset=self.__class__ is TaskPatch)
        values.pop("tags", None)
        if "priority" in values:
            values["priority"] = PRIORITIES.index(values["priority"]) + 1
        if "due_date" in values:
            due = values.pop("due_date")
            is_day = due is not None and not isinstance(due, datetime)
            values["due_at"] = datetime.combine(due, time(), UTC) if is_day else due
            values["due_is_day"] = is_day
        if "status" in values:
            completed = values["status"] == Status.COMPLETED
            values["completed_at"] = datetime.now(UTC) if completed else None
        return values


class TaskPatch(TaskIn):
    """Changes of a task; other fields keep their values."""

    title: Annotated[str, Field(min_length=1, max_length=255)] = ""


class TaskOut(BaseModel):
    """A task."""

    id: int
    owner_id: int
    parent_id: int | None
    external_id: str | None
    title: str
    description: str | None
    status: Status
    priority: Priority
    due_date: date | datetime | None
    tags: list[str]
    is_overdue: bool
    progress: float
    subtask_count: int
    completed_at: datetime | None
    deleted_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class TaskPage(BaseModel):
    """A page of tasks."""

    items: list[TaskOut]
    next_cursor: str | None
    total: int | None = None


def task_fields(row: Any) -> dict[str, Any]:
    """Return the fields of a response from a row."""
    fields = dict(row._mapping)  # noqa: SLF001 - public, in spite of its name
    due, is_day = fields.pop("due_at"), fields.pop("due_is_day")
    done, subtasks = fields.pop("done_count"), fields["subtask_count"]
    fields["due_date"] = due.date() if due and is_day else due
    fields["priority"] = PRIORITIES[fields["priority"] - 1]
    fields["tags"] = sorted(fields["tags"].split(",")) if fields["tags"] else []
    completed = fields["status"] == Status.COMPLETED
    fields["progress"] = done / subtasks if subtasks else float(completed)
    return fields


def page_fields(rows: Any, limit: int) -> dict[str, Any]:
    """Return a page; a row beyond the limit means that another page follows."""
    items = [task_fields(row) for row in rows[:limit]]
    cursor = None
    if len(rows) > limit:
        last = [items[-1]["created_at"].isoformat(), items[-1]["id"]]
        cursor = base64.urlsafe_b64encode(json.dumps(last).encode()).decode()
    return {"items": items, "next_cursor": cursor}


def cursor_parameters(cursor: str | None) -> dict[str, Any]:
    """Return the position that a cursor names."""
    if cursor is None:
        return {}
    created_at, task_id = json.loads(base64.urlsafe_b64decode(cursor))
    return {"after_at": datetime.fromisoformat(created_at), "after_id": task_id}
