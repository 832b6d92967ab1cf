"""Insertion of task trees: one INSERT per level, and one for all tags."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert

from taskapi import clock, db
from taskapi.errors import FieldError, Invalid
from taskapi.tasks import locked_changes, members, tags, tree, writes
from taskapi.tasks.models import MAX_SUBTASKS, table
from taskapi.typing import Caller, Fields, Path

INSERT = insert(table).returning(table.c.id, sort_by_parameter_order=True)


class NewTask(NamedTuple):
    """A task that is to be inserted, and its location in the request."""

    fields: Fields
    path: Path

    def subtasks(self) -> "list[NewTask]":
        """Return its direct subtasks."""
        children = self.fields.get("subtasks", [])
        return [NewTask(f, (*self.path, "subtasks", n)) for n, f in enumerate(children)]

    def tree_path(self) -> Path:
        """Return the location that makes it part of a tree; empty if none does."""
        names = [n for n in ("parent_id", "subtasks") if self.fields.get(n)]
        return (*self.path, names[0]) if names else ()


def flatten(new_tasks: Iterable[NewTask]) -> list[NewTask]:
    """Return the new tasks and all of their descendants."""
    found: list[NewTask] = []
    for new in new_tasks:
        found += [new, *flatten(new.subtasks())]
    return found


def create_tree(caller: Caller, project_id: int, fields: Fields) -> int:
    """Create a task with its subtasks or below a parent; return its id."""
    new_tasks = [NewTask(fields, ())]
    given = {new.path: (project_id, new.fields) for new in flatten(new_tasks)}
    paths = writes.external_id_paths(given)
    locked_changes.lock_targets(caller, {(): project_id})
    with writes.checked_constraints(paths):
        (task_id,) = insert_trees(caller, project_id, new_tasks, clock.now())
    return task_id


def insert_trees(
    caller: Caller, project_id: int, new_tasks: Sequence[NewTask], now: datetime
) -> list[int]:
    """Insert tasks with their descendants; return the ids of the given tasks.

    The project is locked.
    """
    _check_sizes(new_tasks)
    every = flatten(new_tasks)
    writes.check_limit(caller, len(every))
    members.check(project_id, {new.path: new.fields for new in every})
    parents = {new.path: new.fields.get("parent_id") for new in new_tasks}
    tree.check_parents(project_id, parents)
    level = [(new, parents[new.path]) for new in new_tasks]
    inserted: list[tuple[NewTask, int]] = []
    while level:
        rows = _insert(caller.id, project_id, level, now)
        inserted += rows
        level = [(sub, task_id) for new, task_id in rows for sub in new.subtasks()]
    names = {task_id: new.fields.get("tags", []) for new, task_id in inserted}
    tags.attach_new(caller, project_id, names)
    top = inserted[: len(new_tasks)]
    tree.check_shapes({i: n.tree_path() for n, i in top if n.tree_path()})
    return [task_id for _, task_id in top]


def _insert(
    owner_id: int,
    project_id: int,
    level: Sequence[tuple[NewTask, int | None]],
    now: datetime,
) -> list[tuple[NewTask, int]]:
    rows = [
        writes.new_row(owner_id, project_id, new.fields, now) | {"parent_id": parent}
        for new, parent in level
    ]
    ids = db.session.scalars(INSERT, rows).all()
    return [(new, task_id) for (new, _), task_id in zip(level, ids, strict=True)]


def _check_sizes(new_tasks: Sequence[NewTask]) -> None:
    large = [new for new in new_tasks if len(flatten([new])) > 1 + MAX_SUBTASKS]
    if large:
        error = FieldError(f"Give at most {MAX_SUBTASKS} subtasks in all.", "length")
        raise Invalid({(*new.path, "subtasks"): [error] for new in large})
