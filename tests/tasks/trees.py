"""Creation and inspection of trees of tasks."""

from typing import Any

from sqlalchemy import func, select

from taskapi import db
from tests.helpers.client import Client


def chain(levels: int, **fields: Any) -> dict[str, Any]:
    """Return a new task with a chain of subtasks on a number of levels."""
    task = {"title": f"Level {levels}"} | fields
    return task if levels == 1 else task | {"subtasks": [chain(levels - 1)]}


def make_chain(client: Client, levels: int) -> list[int]:
    """Create a chain; return the ids from the top to the bottom."""
    return ids_below(client.create_task(**chain(levels)))


def ids_below(task: dict[str, Any]) -> list[int]:
    """Return the ids of a tree, each task before its descendants."""
    below = [found for sub in task.get("subtasks", []) for found in ids_below(sub)]
    return [task["id"], *below]


def titles_below(task: dict[str, Any]) -> list[Any]:
    """Return the titles of a tree: each task's own, then the lists of its subtasks."""
    return [task["title"], *map(titles_below, task["subtasks"])]


def tree(client: Client, task_id: int) -> dict[str, Any]:
    """Return a task with its descendants."""
    response = client.get(f"tasks/{task_id}?expand=subtasks")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json
    return found


def rows(client: Client, table: Any) -> int:
    """Count the rows of a table."""
    with client.app.app_context():
        ((counted,),) = db.read(select(func.count()).select_from(table))
    return int(counted)
