"""A model of the task operations, which uses only dicts and lists."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from tests.tasks.model_errors import (
    Rejected,
    named_in,
    placed,
    reject,
    reject_repeated,
)
from tests.tasks.model_fields import NEW, columns_of
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
        return self._insert_trees({"#": fields}, self._taken(named), ids)[0]

    def change(self, task_id: int, changes: Task, version: int | None = None) -> Task:
        """Set fields of a task."""
        task = self._find(task_id, version, self.is_live)
        named = {"#": changes["external_id"]} if "external_id" in changes else {}
        own = {"#": task["external_id"]}
        self._revise({"#": (task, changes)}, self._taken(named, own))
        return task

    def delete(self, task_id: int, version: int | None = None) -> None:
        """Move a task and its descendants to the trash."""
        self._trash(self._find(task_id, version, self.is_live))

    def destroy(self, task_id: int, version: int | None = None) -> None:
        """Delete a task, also from the trash, and its descendants permanently."""
        task = self._find(task_id, version, self.tasks.__contains__)
        for other in tree(self.tasks, task, lambda _: True):
            del self.tasks[other["id"]]

    def restore(self, task_id: int, version: int | None = None) -> Task:
        """Restore a task and all tasks that were deleted with it.

        It moves to the top level if its parent is deleted or the tree too deep.
        """
        task = self._find(task_id, version, self.tasks.__contains__)
        since = task["deleted_at"]
        if since is None:
            return task
        deleted = tree(self.tasks, task, lambda other: other["deleted_at"] == since)
        if self._taken({str(one["id"]): one["external_id"] for one in deleted}):
            raise Rejected(409, "already-exists", ["#/external_id"])
        for other in deleted:
            self._touch(other, deleted_at=None)
        parent = task["parent_id"]
        if parent and (not self.is_live(parent) or is_too_deep(self.tasks, task)):
            task["parent_id"] = None
        return task

    def bulk(self, request: Mapping[str, Any], ids: Ids) -> dict[str, Any]:
        """Change, delete and create tasks, in this order."""
        create, update = (placed(request, kind) for kind in ("create", "update"))
        delete = placed(request, "delete")
        self._reject_absent_or_stale(update, delete)
        changed = {p: (self.tasks[f["id"]], f) for p, f in update.items()}
        own = {place: task["external_id"] for place, (task, _) in changed.items()}
        named = {n: e for p, f in create.items() for n, e in named_in(p, f).items()}
        renamed = {
            p: f["external_id"]
            for p, f in update.items()
            if f.get("external_id", own[p]) != own[p]
        }
        reject_repeated(named | renamed)
        freed = {self.tasks[n]["external_id"] for n in delete.values()}
        freed |= {own[place] for place in renamed}
        blamed = {n: e for n, e in named.items() if e not in freed} | renamed
        taken = self._taken(blamed, own)
        self._revise(changed, taken if self._taken(renamed, own) else [])
        for task_id in filter(self.is_live, delete.values()):
            self._trash(self.tasks[task_id])
        created = self._insert_trees(create, taken if self._taken(named) else [], ids)
        updated = [task for task, _ in changed.values()]
        return {"created": created, "updated": updated, "deleted": [*delete.values()]}

    def is_live(self, task_id: int) -> bool:
        """Return whether a task exists outside the trash."""
        return task_id in self.tasks and self.tasks[task_id]["deleted_at"] is None

    def _find(
        self, task_id: int, version: int | None, exists: Callable[[int], bool]
    ) -> Task:
        if not exists(task_id):
            raise Rejected(404, "not-found")
        if version not in {None, self.tasks[task_id]["version"]}:
            raise Rejected(412, "precondition-failed")
        return self.tasks[task_id]

    def _reject_absent_or_stale(
        self, update: dict[str, Task], delete: dict[str, int]
    ) -> None:
        named = {f"{p}/id": fields["id"] for p, fields in update.items()} | delete
        times = Counter(named.values())
        reject(422, "validation-error", [p for p in named if times[named[p]] > 1])
        absent = [p for p, task_id in named.items() if not self.is_live(task_id)]
        reject(422, "validation-error", absent)
        stale = [
            f"{place}/if_version"
            for place, fields in update.items()
            if fields.get("if_version")
            not in {None, self.tasks[fields["id"]]["version"]}
        ]
        reject(412, "precondition-failed", stale)

    def _insert_trees(
        self, new_tasks: dict[str, Task], taken: list[str], ids: Ids
    ) -> list[Task]:
        parents = {p: fields.get("parent_id") for p, fields in new_tasks.items()}
        self._reject_absent_parents(parents)
        reject(409, "already-exists", taken)
        level = [(fields, fields.get("parent_id")) for fields in new_tasks.values()]
        tops = created = [self._insert(f, parent, next(ids)) for f, parent in level]
        while created:
            level = [
                (sub, task["id"])
                for (fields, _), task in zip(level, created, strict=True)
                for sub in fields.get("subtasks", [])
            ]
            created = [self._insert(f, parent, next(ids)) for f, parent in level]
        shapes = [f"{p}/{'parent_id' if parents[p] else 'subtasks'}" for p in new_tasks]
        self._reject_bad_shapes(dict(zip(shapes, tops, strict=True)))
        return tops

    def _insert(self, fields: Task, parent: int | None, task_id: int) -> Task:
        timestamps = {"created_at": self.now, "updated_at": self.now}
        own = {"project_id": self.projects.personal[self.me], "version": 1}
        task = NEW | timestamps | own | {"id": task_id, "parent_id": parent}
        self.tasks[task_id] = task | columns_of(task, fields, self.now)
        return self.tasks[task_id]

    def _revise(self, changed: dict[str, tuple[Task, Task]], taken: list[str]) -> None:
        given = {
            p: (task, columns_of(task, f, self.now)) for p, (task, f) in changed.items()
        }
        moved = {
            place: task
            for place, (task, columns) in given.items()
            if columns.get("parent_id", task["parent_id"]) != task["parent_id"]
        }
        self._reject_absent_parents({p: given[p][1]["parent_id"] for p in moved})
        reject(409, "already-exists", taken)
        for task, columns in given.values():
            if task | columns != task:
                self._touch(task, **columns)
        self._reject_bad_shapes({f"{p}/parent_id": moved[p] for p in moved})

    def _touch(self, task: Task, **columns: Any) -> None:
        task |= columns
        task |= {"version": task["version"] + 1, "updated_at": self.now}

    def _trash(self, task: Task) -> None:
        for other in tree(self.tasks, task, is_kept):
            self._touch(other, deleted_at=self.now)

    def _taken(
        self, named: dict[str, str | None], own: Mapping[str, str | None] | None = None
    ) -> list[str]:
        """Return the locations whose external id belongs to another task."""
        used = {t["external_id"] for t in filter(is_kept, self.tasks.values())} - {None}
        free = own or {}
        return [
            f"{place}/external_id"
            for place, name in named.items()
            if name in used and name != free.get(place)
        ]

    def _reject_absent_parents(self, parents: dict[str, int | None]) -> None:
        wanted = {p: parent for p, parent in parents.items() if parent is not None}
        absent = [f"{p}/parent_id" for p, i in wanted.items() if not self.is_live(i)]
        reject(422, "validation-error", absent)

    def _reject_bad_shapes(self, moved: dict[str, Task]) -> None:
        cyclic = [p for p, task in moved.items() if task in above(self.tasks, task)]
        reject(422, "parent-cycle", cyclic)
        deep = [p for p, task in moved.items() if is_too_deep(self.tasks, task)]
        reject(422, "parent-too-deep", deep)
