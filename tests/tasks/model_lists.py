"""Responses of the model: tasks, filters, sorts, statistics."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from operator import itemgetter
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
        for task in model.visible()
        if all(_meets(task, name, value, model) for name, value in wanted.items())
    ]
    keys = sort.split(",")
    found.sort(key=lambda task: task["id"], reverse=keys[-1].startswith("-"))
    for key in reversed(keys):
        found = _sorted(found, key)
    return [task["id"] for task in found]


def _sorted(tasks: list[Task], key: str) -> list[Task]:
    """Sort by one key; tasks with an equal value keep their order."""
    placed = [(_position(task, key.removeprefix("-")), task) for task in tasks]
    valued = [pair for pair in placed if pair[0] is not None]
    valued.sort(key=itemgetter(0), reverse=key.startswith("-"))
    return [task for _, task in valued] + [t for value, t in placed if value is None]


def stats(model: Model, project: int | str | None = None) -> dict[str, Any]:
    """Return the statistics of the tasks outside the trash."""
    live = _live(model, project)
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


def tags(model: Model, project: int | str | None = None) -> list[dict[str, Any]]:
    """Return each tag outside the trash with the number of its tasks."""
    live = _live(model, project)
    counted = Counter(tag for task in live for tag in task["tags"])
    return [{"name": name, "task_count": counted[name]} for name in sorted(counted)]


def _live(model: Model, project: int | str | None) -> list[Task]:
    """Return the visible tasks outside the trash, of one project if it is given."""
    live = filter(is_kept, model.visible())
    return [t for t in live if project is None or _is_in(t, project, model)]


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


def _is_in(task: Task, project: int | str, model: Model) -> bool:
    own = model.projects.personal[model.me]
    return bool(task["project_id"] == (own if project == "personal" else project))


def _is_assigned(task: Task, assignee: int | str, model: Model) -> bool:
    named = {"me": model.me, "none": None}.get(str(assignee), assignee)
    return bool(task["assignee_id"] == named)


def _meets(task: Task, name: str, value: Any, model: Model) -> bool:
    field, _, side = name.rpartition("_")
    if side in {"before", "after"}:
        timestamp = _due_at(task) if field == "due" else task[f"{field}_at"]
        return timestamp is not None and (timestamp < value) == (side == "before")
    return bool(MEETS[name](task, value, model))


MEETS: dict[str, Callable[[Task, Any, Model], bool]] = {
    "status": lambda task, names, _: task["status"] in names,
    "priority": lambda task, names, _: task["priority"] in names,
    "tag": lambda task, names, _: {*map(folded, names)} <= {*task["tags"]},
    "q": lambda task, query, _: _finds(task, query),
    "parent_id": lambda task, parent, _: (task["parent_id"] or "none") == parent,
    "overdue": lambda task, wanted, model: is_overdue(task, model.now) == wanted,
    "project_id": _is_in,
    "assignee_id": _is_assigned,
    "external_id": lambda task, name, _: task["external_id"] == name,
    "ids": lambda task, ids, _: task["id"] in ids,
    "deleted": lambda task, wanted, _: is_kept(task) != wanted,
}
