"""Trees of the model; `tasks` contains all tasks by their ids."""

from collections.abc import Callable, Mapping
from typing import Any

Task = dict[str, Any]
Tasks = Mapping[int, Task]
MAX_TREE_DEPTH = 10


def is_kept(task: Task) -> bool:
    """Return whether a task is outside the trash."""
    return task["deleted_at"] is None


def subtasks(tasks: Tasks, task: Task) -> list[Task]:
    """Return the subtasks of a task, outside the trash."""
    return [one for one in _below(tasks, task) if is_kept(one)]


def tree(tasks: Tasks, task: Task, belongs: Callable[[Task], bool]) -> list[Task]:
    """Return a task and the descendants for which `belongs` is true, parents first."""
    found = [task]
    for one in found:
        found += filter(belongs, _below(tasks, one))
    return found


def above(tasks: Tasks, task: Task) -> list[Task]:
    """Return the ancestors of a task; in a cycle, each once, including the task."""
    found: list[Task] = []
    while task["parent_id"] is not None:
        task = tasks[task["parent_id"]]
        if task in found:
            break
        found.append(task)
    return found


def is_too_deep(tasks: Tasks, task: Task) -> bool:
    """Return whether the task or a descendant exceeds the maximum depth."""
    return len(above(tasks, task)) + _height(tasks, task) > MAX_TREE_DEPTH


def _height(tasks: Tasks, task: Task) -> int:
    return 1 + max((_height(tasks, s) for s in subtasks(tasks, task)), default=0)


def _below(tasks: Tasks, task: Task) -> list[Task]:
    return [one for one in tasks.values() if one["parent_id"] == task["id"]]
