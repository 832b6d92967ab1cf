"""Bulk requests in the model."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.tasks.model import Ids, Model
from tests.tasks.model_errors import named_in, placed, reject, reject_repeated
from tests.tasks.model_moves import Changed
from tests.tasks.model_trees import Task


class BulkModel(Model):
    """The model with bulk requests."""

    def bulk(self, request: Mapping[str, Any], ids: Ids) -> dict[str, Any]:
        """Change, delete and create tasks, in this order.

        A request that names several projects has no external ids.
        """
        create, update = (placed(request, kind) for kind in ("create", "update"))
        delete = placed(request, "delete")
        targets = {place: self.target(fields) for place, fields in create.items()}
        self._check_bulk(targets, update, delete)
        changed = {p: (self.tasks[f["id"]], f) for p, f in update.items()}
        before = self.move(changed)
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
        projects = [*(t["project_id"] for t, _ in changed.values()), *targets.values()]
        only = [*projects, 0][0]
        taken = self.taken(blamed, only, own)
        self._revise_all(
            changed, before, taken if self.taken(renamed, only, own) else []
        )
        for task_id in filter(self.is_live, delete.values()):
            self.trash(self.tasks[task_id])
        rejected = taken if self.taken(named, only) else []
        return {
            "created": self._create_all(create, targets, rejected, ids),
            "updated": [task for task, _ in changed.values()],
            "deleted": [*delete.values()],
        }

    def _revise_all(
        self, changed: Changed, before: dict[int, int], taken: list[str]
    ) -> None:
        """Set columns of tasks, project by project."""
        for project in dict.fromkeys(t["project_id"] for t, _ in changed.values()):
            part = {p: c for p, c in changed.items() if c[0]["project_id"] == project}
            self.revise(part, before, taken)

    def _create_all(
        self,
        create: dict[str, Task],
        targets: dict[str, int],
        taken: list[str],
        ids: Ids,
    ) -> list[Task]:
        """Create tasks, project by project."""
        created: dict[str, Task] = {}
        for project in dict.fromkeys(targets.values()):
            new = {p: f for p, f in create.items() if targets[p] == project}
            trees = self.insert_trees(project, new, taken, ids)
            created |= zip(new, trees, strict=True)
        return [created[place] for place in create]

    def _check_bulk(
        self, targets: dict[str, int], update: dict[str, Task], delete: dict[str, int]
    ) -> None:
        named = {f"{p}/id": fields["id"] for p, fields in update.items()} | delete
        times = Counter(named.values())
        reject(422, "validation-error", [p for p in named if times[named[p]] > 1])
        absent = [p for p, task_id in named.items() if not self.is_live(task_id)]
        reject(422, "validation-error", absent)
        moved = {p: f["project_id"] for p, f in update.items() if "project_id" in f}
        self.projects.check_targets(targets | moved, self.me)
        projects = {p: self.tasks[i]["project_id"] for p, i in named.items()}
        self.projects.check_writable(projects, self.me)
        stale = [
            f"{place}/if_version"
            for place, fields in update.items()
            if fields.get("if_version")
            not in {None, self.tasks[fields["id"]]["version"]}
        ]
        reject(412, "precondition-failed", stale)
