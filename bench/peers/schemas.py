"""What goes in and out, as pydantic models."""

import base64
import json
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bench.peers.models import Priority, Status

Title = Annotated[str, Field(min_length=1, max_length=255)]
Description = Annotated[str, Field(max_length=10_000)]
ExternalId = Annotated[str, Field(min_length=1, max_length=200)]
Tag = Annotated[str, Field(min_length=1, max_length=50)]
PRIORITIES = [priority.value for priority in Priority]


class TaskIn(BaseModel):
    """A new task."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    title: Title
    description: Description | None = None
    status: Status = Status.TODO
    priority: Priority = Priority.MEDIUM
    due_date: date | datetime | None = None
    external_id: ExternalId | None = None
    tags: Annotated[list[Tag], Field(max_length=20)] = []


class TaskPatch(TaskIn):
    """A change of a task: what is left out stays."""

    title: Title = ""


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


class Login(BaseModel):
    """A username and a password."""

    username: Annotated[str, Field(min_length=1, max_length=254)]
    password: Annotated[str, Field(min_length=1, max_length=128)]


class Tokens(BaseModel):
    """The tokens of a session."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of RFC 6750
    expires_in: int


def shown(row: Any) -> dict[str, Any]:
    """Return the fields of a task from its row."""
    fields = dict(row._mapping)  # noqa: SLF001 - public, in spite of its name
    due, is_day = fields.pop("due_at"), fields.pop("due_is_day")
    done, number = fields.pop("done_count"), fields["subtask_count"]
    fields["due_date"] = due.date() if due and is_day else due
    fields["priority"] = PRIORITIES[fields["priority"] - 1]
    fields["tags"] = sorted(fields["tags"].split(",")) if fields["tags"] else []
    completed = fields["status"] == Status.COMPLETED
    fields["progress"] = done / number if number else float(completed)
    return fields


def page(rows: Any, limit: int) -> dict[str, Any]:
    """Return a page of rows, of which there may be one more than asked for."""
    items = [shown(row) for row in rows[:limit]]
    cursor = None
    if len(rows) > limit:
        last = [items[-1]["created_at"].isoformat(), items[-1]["id"]]
        cursor = base64.urlsafe_b64encode(json.dumps(last).encode()).decode()
    return {"items": items, "next_cursor": cursor}


def after(cursor: str | None) -> dict[str, Any]:
    """Return the row after which a page begins."""
    if cursor is None:
        return {}
    moment, row_id = json.loads(base64.urlsafe_b64decode(cursor))
    return {"after_at": datetime.fromisoformat(moment), "after_id": row_id}


def columns(given: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that fields set."""
    values = {n: given[n] for n in given.keys() - {"due_date", "tags", "priority"}}
    if "priority" in given:
        values["priority"] = PRIORITIES.index(given["priority"]) + 1
    if "due_date" in given:
        due = given["due_date"]
        is_day = due is not None and not isinstance(due, datetime)
        moment = datetime.combine(due, time(), UTC) if is_day else due
        values |= {"due_at": moment, "due_is_day": is_day}
    if "status" in given:
        completed = given["status"] == Status.COMPLETED
        values["completed_at"] = datetime.now(UTC) if completed else None
    return values


def changed(task: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that fields change."""
    values = columns(given)
    if task.completed_at and values.get("completed_at"):
        values["completed_at"] = task.completed_at
    return {n: value for n, value in values.items() if getattr(task, n) != value}
