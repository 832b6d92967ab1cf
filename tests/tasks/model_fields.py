"""Values of a task in the model, derived from the fields of a request."""

import unicodedata
from datetime import datetime

from taskapi.tasks.schemas import TaskSchema
from tests.tasks.model_trees import Task

NEW: Task = {
    "parent_id": None,
    "assignee_id": None,
    "external_id": None,
    "description": None,
    "status": "todo",
    "priority": "medium",
    "due_date": None,
    "tags": [],
    "completed_at": None,
    "deleted_at": None,
}
DERIVED = {"is_overdue", "progress", "subtask_count"}
MODELLED = {
    "id",
    "project_id",
    "owner_id",
    "title",
    "version",
    "created_at",
    "updated_at",
    *NEW,
    *DERIVED,
}
NOT_COLUMNS = {"subtasks", "if_version", "project_id"}
OTHER_FIELDS = TaskSchema().fields.keys() - MODELLED
"""Fields of a task that the model does not have, such as its owner."""


def columns_of(task: Task, fields: Task, now: datetime) -> Task:
    """Return the columns that fields set; a status also sets `completed_at`."""
    columns = {n: v for n, v in fields.items() if n not in NOT_COLUMNS}
    if "title" in columns:
        columns["title"] = columns["title"].strip()
    if "tags" in columns:
        columns["tags"] = sorted({*map(folded, columns["tags"])})
    if "status" in columns:
        done_at = task["completed_at"] or now
        is_done = columns["status"] == "completed"
        columns["completed_at"] = done_at if is_done else None
    return columns


def folded(tag: str) -> str:
    """Return the form of a tag in which it is compared."""
    decomposed = unicodedata.normalize("NFKD", tag.casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(plain.split())
