"""A model of the task operations, which uses only dicts and lists."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from tests.tasks import model_moves as moves
from tests.tasks.model_errors import (
    Rejected,
    named_in,
    reject,
    reject_repeated,
)
from tests.tasks.model_fields import NEW, columns_of
from tests.tasks.model_moves import Changed
from tests.tasks.model_projects import Projects
from tests.tasks.model_trees import Task, above, is_kept, is_too_deep, tree

Ids = Iterator[int]


class Model:
    """All tasks by their ids, and the operations of the account `me` on them.

    An operation that raises Rejected may leave partial changes; callers restore a copy.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.me = 0
        self.tasks: dict[int, Task] = {}
        self.projects = Projects()

    def visible(self) -> list[Task]:
        """Return the tasks that the account sees, also those in the trash."""
        return [task for task in self.tasks.values() if self._role(task)]

    def _role(self, task: Task) -> str | None:
        return self.projects.role(task["project_id"], self.me)

    def create(self, fields: Task, ids: Ids) -> Task:
        """Create a task and its subtasks, whose ids are assigned level by level."""
        named = named_in("#", fields)
        reject_repeated(named)
        project = self.target(fields)
        self.projects.check_targets({"#": project}, self.me)
        taken = self.taken(named, project)
        return self.insert_trees(project, {"#": fields}, taken, ids)[0]

    def change(self, task_id: int, changes: Task, version: int | None = None) -> Task:
        """Set fields of a task; another project moves it with its descendants."""
        task = self._find(task_id, self.is_live)
        targets = {"#": changes["project_id"]} if "project_id" in changes else {}
        self.projects.check_targets(targets, self.me)
        self._writable(task, version)
        changed = {"#": (task, changes)}
        before = self.move(changed)
        named = {"#": changes["external_id"]} if "external_id" in changes else {}
        own = {"#": task["external_id"]}
        self.revise(changed, before, self.taken(named, task["project_id"], own))
        return task

    def delete(self, task_id: int, version: int | None = None) -> None:
        """Move a task and its descendants to the trash."""
        self.trash(self._writable(self._find(task_id, self.is_live), version))

    def destroy(self, task_id: int, version: int | None = None) -> None:
        """Delete a task, also from the trash, and its descendants permanently."""
        task = self._writable(self._find(task_id, self.sees), version)
        for other in tree(self.tasks, task, lambda _: True):
            del self.tasks[other["id"]]

    def restore(self, task_id: int, version: int | None = None) -> Task:
        """Restore a task and all tasks that were deleted with it.

        It moves to the top level if its parent is deleted or the tree too deep.
        """
        task = self._writable(self._find(task_id, self.sees), version)
        since = task["deleted_at"]
        if since is None:
            return task
        deleted = tree(self.tasks, task, lambda other: other["deleted_at"] == since)
        named = {str(one["id"]): one["external_id"] for one in deleted}
        if self.taken(named, task["project_id"]):
            raise Rejected(409, "already-exists", ["#/external_id"])
        for other in deleted:
            self.touch(other, deleted_at=None)
        parent = task["parent_id"]
        if parent and (not self.is_live(parent) or is_too_deep(self.tasks, task)):
            task["parent_id"] = None
        return task

    def sees(self, task_id: int) -> bool:
        """Return whether the account sees a task, also one in the trash."""
        return task_id in self.tasks and self._role(self.tasks[task_id]) is not None

    def is_live(self, task_id: int) -> bool:
        """Return whether the account sees a task outside the trash."""
        return self.sees(task_id) and self.tasks[task_id]["deleted_at"] is None

    def clear_assignments(self, project_id: int, account: int) -> None:
        """Clear the assignments of a former member of a project."""
        for task in self.tasks.values():
            if (task["project_id"], task["assignee_id"]) == (project_id, account):
                self.touch(task, assignee_id=None)

    def target(self, fields: Task) -> int:
        project: int = fields.get("project_id", self.projects.personal[self.me])
        return project

    def _find(self, task_id: int, exists: Callable[[int], bool]) -> Task:
        if not exists(task_id):
            raise Rejected(404, "not-found")
        return self.tasks[task_id]

    def _writable(self, task: Task, version: int | None = None) -> Task:
        self.projects.check_writable({"#": task["project_id"]}, self.me)
        if version not in {None, task["version"]}:
            raise Rejected(412, "precondition-failed")
        return task

    def move(self, changed: Changed) -> dict[int, int]:
        """Move tasks to other projects; return the versions of all before that."""
        before = {task["id"]: task["version"] for task, _ in changed.values()}
        moves.move(changed, self.tasks, self.projects, self.touch)
        return before

    def insert_trees(
        self, project: int, new_tasks: dict[str, Task], taken: list[str], ids: Ids
    ) -> list[Task]:
        assigned = {
            n: e
            for p, f in new_tasks.items()
            for n, e in named_in(p, f, "assignee_id").items()
        }
        self._reject_assignees(project, assigned)
        parents = {p: fields.get("parent_id") for p, fields in new_tasks.items()}
        self._reject_absent_parents(project, parents)
        reject(409, "already-exists", taken)
        level = [(fields, fields.get("parent_id")) for fields in new_tasks.values()]
        tops = created = [
            self._insert(project, f, parent, next(ids)) for f, parent in level
        ]
        while created:
            level = [
                (sub, task["id"])
                for (fields, _), task in zip(level, created, strict=True)
                for sub in fields.get("subtasks", [])
            ]
            created = [
                self._insert(project, f, parent, next(ids)) for f, parent in level
            ]
        shapes = [f"{p}/{'parent_id' if parents[p] else 'subtasks'}" for p in new_tasks]
        self._reject_bad_shapes(dict(zip(shapes, tops, strict=True)))
        return tops

    def _insert(
        self, project: int, fields: Task, parent: int | None, task_id: int
    ) -> Task:
        timestamps = {"created_at": self.now, "updated_at": self.now}
        own = {"project_id": project, "owner_id": self.me, "version": 1}
        task = NEW | timestamps | own | {"id": task_id, "parent_id": parent}
        self.tasks[task_id] = task | columns_of(task, fields, self.now)
        return self.tasks[task_id]

    def revise(
        self, changed: Changed, before: dict[int, int], taken: list[str]
    ) -> None:
        """Set columns of tasks of one project."""
        given = {
            p: (task, columns_of(task, f, self.now)) for p, (task, f) in changed.items()
        }
        moved = {
            place: task
            for place, (task, columns) in given.items()
            if columns.get("parent_id", task["parent_id"]) != task["parent_id"]
        }
        for task, _ in [*given.values()][:1]:
            wanted = {p: given[p][1]["parent_id"] for p in moved}
            self._reject_absent_parents(task["project_id"], wanted)
            self._reject_assignees(task["project_id"], moves.reassigned(given))
        reject(409, "already-exists", taken)
        for task, columns in given.values():
            if task | columns != task:
                self.touch(task, **columns)
                task["version"] = before[task["id"]] + 1
        self._reject_bad_shapes({f"{p}/parent_id": moved[p] for p in moved})

    def touch(self, task: Task, **columns: Any) -> None:
        task |= columns
        task |= {"version": task["version"] + 1, "updated_at": self.now}

    def trash(self, task: Task) -> None:
        for other in tree(self.tasks, task, is_kept):
            self.touch(other, deleted_at=self.now)

    def taken(
        self,
        named: dict[str, str | None],
        project: int,
        own: Mapping[str, str | None] | None = None,
    ) -> list[str]:
        """Return the locations whose external id belongs to another task."""
        used = {
            name for place, name in moves.external_ids(self.tasks) if place == project
        }
        free = own or {}
        return [
            f"{place}/external_id"
            for place, name in named.items()
            if name in used and name != free.get(place)
        ]

    def _reject_assignees(
        self, project: int, assigned: Mapping[str, int | None]
    ) -> None:
        members = {None, *self.projects.roles[project]}
        absent = [f"{p}/assignee_id" for p, i in assigned.items() if i not in members]
        reject(422, "validation-error", absent)

    def _reject_absent_parents(
        self, project: int, parents: dict[str, int | None]
    ) -> None:
        wanted = {p: parent for p, parent in parents.items() if parent is not None}
        absent = [
            f"{p}/parent_id"
            for p, i in wanted.items()
            if not self.is_live(i) or self.tasks[i]["project_id"] != project
        ]
        reject(422, "validation-error", absent)

    def _reject_bad_shapes(self, moved: dict[str, Task]) -> None:
        cyclic = [p for p, task in moved.items() if task in above(self.tasks, task)]
        reject(422, "parent-cycle", cyclic)
        deep = [p for p, task in moved.items() if is_too_deep(self.tasks, task)]
        reject(422, "parent-too-deep", deep)
