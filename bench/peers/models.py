"""The tables of the product, as a FastAPI project would map them."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Select,
    SmallInteger,
    String,
    Text,
    TypeDecorator,
    and_,
    bindparam,
    case,
    func,
    insert,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, mapped_column


class Status(StrEnum):
    """Where a task stands."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Priority(StrEnum):
    """How much a task matters."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


class UtcDateTime(TypeDecorator[datetime]):
    """A moment that is aware on SQLite too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, _dialect: Dialect
    ) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(
        self, value: datetime | None, _dialect: Dialect
    ) -> datetime | None:
        if value is None or value.tzinfo is UTC:
            return value
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """What all tables have."""

    type_annotation_map = {datetime: UtcDateTime, int: BigInteger}


class User(Base):
    """An account."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str | None]
    password_hash: Mapped[str]
    timezone: Mapped[str]
    role: Mapped[str]
    is_active: Mapped[bool]


class Session(Base):
    """A login."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    refresh_id: Mapped[str]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    ip: Mapped[str | None]
    user_agent: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Task(Base):
    """Something to do."""

    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int]
    parent_id: Mapped[int | None]
    external_id: Mapped[str | None]
    title: Mapped[str]
    description: Mapped[str | None]
    words: Mapped[str] = mapped_column(Text().with_variant(TSVECTOR(), "postgresql"))
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
    owner_id: Mapped[int]


CALLER = (
    select(User.id, User.timezone, User.role, Session.id.label("session_id"))
    .join(Session, Session.user_id == User.id)
    .where(
        Session.id == bindparam("session_id"),
        User.id == bindparam("user_id"),
        User.is_active,
    )
)
ACCOUNT = select(User.id, User.password_hash, User.is_active).where(
    User.username == bindparam("name")
)
BEGIN_SESSION = insert(Session).returning(Session.id)

_below = aliased(Task)
_count = select(func.count()).where(
    _below.parent_id == Task.id, _below.deleted_at.is_(None)
)
_due_before = case(
    (Task.due_is_day, bindparam("today", type_=UtcDateTime)),
    else_=bindparam("now", type_=UtcDateTime),
)
STORED = [column for column in Task.__table__.c if column.key != "words"]
SHOWN = [
    *STORED,
    select(func.aggregate_strings(TaskTag.name, ","))
    .where(TaskTag.task_id == Task.id)
    .scalar_subquery()
    .label("tags"),
    _count.scalar_subquery().label("subtask_count"),
    _count.where(_below.status == Status.COMPLETED)
    .scalar_subquery()
    .label("done_count"),
    and_(
        Task.status.in_([Status.TODO, Status.IN_PROGRESS]),
        func.coalesce(Task.due_at < _due_before, False),
    ).label("is_overdue"),
]
THEIRS: Select[Any] = select(*SHOWN).where(
    Task.owner_id == bindparam("owner"), Task.deleted_at.is_(None)
)
ONE = THEIRS.where(Task.id == bindparam("task_id"))
HELD = (
    select(Task)
    .where(
        Task.owner_id == bindparam("owner"),
        Task.deleted_at.is_(None),
        Task.id == bindparam("task_id"),
    )
    .with_for_update(key_share=True)
)
PAGE = THEIRS.order_by(Task.created_at.desc(), Task.id.desc()).limit(bindparam("most"))
PAGE_AFTER = PAGE.where(
    tuple_(Task.created_at, Task.id)
    < tuple_(bindparam("after_at", type_=UtcDateTime), bindparam("after_id"))
)


def moments(timezone: str) -> dict[str, Any]:
    """Return now, and what stands for the day that it is for the caller."""
    now = datetime.now(UTC)
    day = now.astimezone(ZoneInfo(timezone)).date()
    return {"now": now, "today": datetime(day.year, day.month, day.day, tzinfo=UTC)}


def words_of(owner_id: int, *texts: str | None, quoted: bool) -> str:
    """Return the terms of a task in the search index."""
    found: set[str] = set()
    for text in filter(None, texts):
        found.update(re.findall(r"[^\W_]+", text.casefold()))
    mark = "'" if quoted else ""
    return " ".join(f"{mark}{owner_id}@{word}{mark}" for word in sorted(found))
