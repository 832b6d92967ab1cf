"""Moves of trees between projects in the model."""

from collections.abc import Callable

from tests.tasks.model_errors import Rejected, reject
from tests.tasks.model_projects import Projects
from tests.tasks.model_trees import Task, Tasks, is_kept, tree

Changed = dict[str, tuple[Task, Task]]
"""Tasks with their new fields, by their locations in the request."""


def move(
    changed: Changed, tasks: Tasks, projects: Projects, touch: Callable[..., None]
) -> None:
    """Move tasks with their descendants to the projects that their fields name.

    An external id that the request replaces need not be free in the target.
    """
    start = {place: task["project_id"] for place, (task, _) in changed.items()}
    target = {p: f.get("project_id", start[p]) for p, (_, f) in changed.items()}
    used = external_ids(tasks)
    unmoved = []
    for place, (task, fields) in changed.items():
        if target[place] == start[place]:
            continue
        if task["project_id"] != start[place]:
            unmoved.append(place)  # it has moved with a task above it
            continue
        moved = tree(tasks, task, lambda _: True)
        is_replaced = (
            fields.get("external_id", task["external_id"]) != task["external_id"]
        )
        kept = filter(is_kept, moved[1:] if is_replaced else moved)
        names = {(target[place], one["external_id"]) for one in kept}
        if names & external_ids(tasks):
            blamed = [f"{place}/external_id"] if names & used else []
            raise Rejected(409, "already-exists", blamed)
        _move(moved, target[place], projects, touch)
    unmoved += [
        place
        for place, (task, fields) in changed.items()
        if fields.get("project_id", task["project_id"]) != task["project_id"]
    ]
    reject(422, "validation-error", [f"{p}/project_id" for p in {*unmoved}])


def _move(
    moved: list[Task], target: int, projects: Projects, touch: Callable[..., None]
) -> None:
    """Move a tree; it keeps the assignees that are members of the target."""
    members = projects.roles[target]
    for one in moved:
        kept = one["assignee_id"] if one["assignee_id"] in members else None
        touch(one, project_id=target, assignee_id=kept)
    moved[0]["parent_id"] = None


def external_ids(tasks: Tasks) -> set[tuple[int, str]]:
    """Return the external ids outside the trash, each with its project."""
    live = filter(is_kept, tasks.values())
    return {(t["project_id"], t["external_id"]) for t in live if t["external_id"]}


def reassigned(given: Changed) -> dict[str, int | None]:
    """Return the new assignees of tasks, by their locations."""
    return {
        place: columns["assignee_id"]
        for place, (task, columns) in given.items()
        if columns.get("assignee_id", task["assignee_id"]) != task["assignee_id"]
    }
