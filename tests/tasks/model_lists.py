"""Responses of the model: tasks, filters, sorts, statistics."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tests.tasks.model import Model
from tests.tasks.model_fields import folded
from tests.tasks.model_trees import Task, is_kept, subtasks

STATUSES = ["todo", "in_progress", "completed", "cancelled"]
PRIORITIES = ["low", "medium", "high", "urgent"]
WEEK = timedelta(days=7)
TIMESTAMPS = ["created_at", "updated_at", "completed_at", "deleted_at"]


def shown(model: Model, task: Task) -> Task:
    """Return a task as the API returns it, without its owner."""
    below = subtasks(model.tasks, task)
    done = [one["status"] == "completed" for one in below or [task]]
    timestamps = {name: written(task[name]) for name in TIMESTAMPS}
    return (
        task
        | timestamps
        | {
            "due_date": written(task["due_date"]),
            "progress": sum(done) / len(done),
            "subtask_count": len(below),
            "is_overdue": is_overdue(task, model.now),
        }
    )


def expanded(model: Model, task: Task) -> Task:
    """Return a task with the tree of its subtasks."""
    below = [expanded(model, one) for one in subtasks(model.tasks, task)]
    return shown(model, task) | {"subtasks": below}


def listed(model: Model, filters: dict[str, Any], sort: str) -> list[int]:
    """Return the ids of the tasks that meet all filters, in the order of the sort."""
    wanted = {"deleted": False} | filters
    found = [
        task
        for task in model.tasks.values()
        if all(_meets(task, name, value, model.now) for name, value in wanted.items())
    ]
    name, is_falling = sort.removeprefix("-"), sort.startswith("-")
    empty = [task for task in found if _position(task, name) is None]
    valued = [task for task in found if _position(task, name) is not None]
    valued.sort(key=lambda t: (_position(t, name), t["id"]), reverse=is_falling)
    empty.sort(key=lambda t: t["id"], reverse=is_falling)
    return [task["id"] for task in valued + empty]


def stats(model: Model) -> dict[str, Any]:
    """Return the statistics of all tasks outside the trash."""
    live = [*filter(is_kept, model.tasks.values())]
    week_ago = model.now - WEEK
    done_at = [t["completed_at"] for t in live if t["completed_at"]]
    return {
        "total": len(live),
        "by_status": {s: _count(live, "status", s) for s in STATUSES},
        "by_priority": {p: _count(live, "priority", p) for p in PRIORITIES},
        "overdue": sum(is_overdue(task, model.now) for task in live),
        "created_last_7_days": sum(task["created_at"] >= week_ago for task in live),
        "completed_last_7_days": sum(timestamp >= week_ago for timestamp in done_at),
    }


def tags(model: Model) -> list[dict[str, Any]]:
    """Return each tag outside the trash with the number of its tasks."""
    live = filter(is_kept, model.tasks.values())
    counted = Counter(tag for task in live for tag in task["tags"])
    return [{"name": name, "task_count": counted[name]} for name in sorted(counted)]


def is_overdue(task: Task, now: datetime) -> bool:
    """Return whether an open task is overdue; a date is overdue from the next day."""
    due = task["due_date"]
    if due is None or task["status"] not in {"todo", "in_progress"}:
        return False
    return bool(due < now if isinstance(due, datetime) else due < now.date())


def words(text: str) -> list[str]:
    """Return the words of a text without case and accents; a symbol is a word."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+|✓", plain)


def written(timestamp: date | None) -> str | None:
    """Return a date or a timestamp in the format of the API."""
    if isinstance(timestamp, datetime):
        return timestamp.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return timestamp and timestamp.isoformat()


def _count(tasks: list[Task], name: str, value: str) -> int:
    return sum(task[name] == value for task in tasks)


def _position(task: Task, name: str) -> Any:
    """Return the sort key of a task."""
    if name == "due_date":
        return _due_at(task)
    return PRIORITIES.index(task[name]) if name == "priority" else task[name]


def _due_at(task: Task) -> datetime | None:
    """Return when a task is due; a date stands for its midnight in UTC."""
    due: date | None = task["due_date"]
    if due is None or isinstance(due, datetime):
        return due
    return datetime.combine(due, time(), UTC)


def _finds(task: Task, query: str) -> bool:
    existing = words(f"{task['title']} {task['description'] or ''}")
    return all(any(w.startswith(part) for w in existing) for part in words(query))


def _meets(task: Task, name: str, value: Any, now: datetime) -> bool:
    field, _, side = name.rpartition("_")
    if side in {"before", "after"}:
        timestamp = _due_at(task) if field == "due" else task[f"{field}_at"]
        return timestamp is not None and (timestamp < value) == (side == "before")
    return bool(MEETS[name](task, value, now))


MEETS: dict[str, Callable[[Task, Any, datetime], bool]] = {
    "status": lambda task, names, _: task["status"] in names,
    "priority": lambda task, names, _: task["priority"] in names,
    "tag": lambda task, names, _: {*map(folded, names)} <= {*task["tags"]},
    "q": lambda task, query, _: _finds(task, query),
    "parent_id": lambda task, parent, _: (task["parent_id"] or "none") == parent,
    "overdue": lambda task, wanted, now: is_overdue(task, now) == wanted,
    "external_id": lambda task, name, _: task["external_id"] == name,
    "ids": lambda task, ids, _: task["id"] in ids,
    "deleted": lambda task, wanted, _: is_kept(task) != wanted,
}
