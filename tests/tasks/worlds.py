"""Accounts with 1 to 200 memberships, and random tasks in their projects.

The rows are inserted without requests; the model has the same tasks.
"""

import random
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import insert, update

from taskapi import clock, db
from taskapi.projects.models import Project, ProjectRole, memberships
from taskapi.tasks import tags, writes
from taskapi.tasks.models import TaskPriority, TaskStatus
from taskapi.tasks.models import table as tasks
from tests.helpers.client import Client
from tests.tasks.model import Model
from tests.tasks.model_fields import NEW, folded
from tests.tasks.model_lists import PRIORITIES, STATUSES
from tests.tasks.model_trees import Task
from tests.tasks.strategies import START

SIZES = [1, 2, 13, 200]
"""Memberships of each account, with that of its personal project."""

PROJECTS = 210
TASKS = 300
TITLES = ["ä", "A", "a b", "Z", "b ✓", "Äb", "1"]
TAGS = ["home", "Home ", "büro", "ﬁx  it", "a'b", "Z"]


class World:
    """The accounts, and what each of them should see."""

    def __init__(self, app: Flask, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - the same world each time
        self.app = app
        self.model = Model(START)
        self.clients = [Client(app, f"with{size}").sign_in() for size in SIZES]
        for client in self.clients:
            self.model.projects.add_personal(client.project_id, client.user["id"])
        with app.app_context(), db.transaction():
            self._add_projects()
            self._add_tasks()
        self.ids = sorted(self.model.tasks)
        self.project_ids = sorted(self.model.projects.roles)

    def act_as(self, number: int) -> Client:
        """Let the model show what one of the accounts sees; return its client."""
        client = self.clients[number]
        self.model.me = client.user["id"]
        return client

    def _add_projects(self) -> None:
        values = [{"name": f"P{n}", "version": 1} for n in range(PROJECTS)]
        times = {"created_at": clock.now(), "updated_at": clock.now()}
        new = insert(Project).returning(Project.id)
        ids = db.session.scalars(new, [one | times for one in values]).all()
        for client, size in zip(self.clients, SIZES, strict=True):
            for project_id in self.chance.sample(ids, size - 1):
                self._add_member(project_id, client.user["id"])
        deleted = self.chance.sample(ids, 10)
        self.model.projects.deleted.update(deleted)
        trash = update(Project).where(Project.id.in_(deleted))
        db.session.execute(trash.values(deleted_at=clock.now()))

    def _add_member(self, project_id: int, user_id: int) -> None:
        role = self.chance.choice([*ProjectRole])
        self.model.projects.roles.setdefault(project_id, {})[user_id] = role.value
        row = {"user_id": user_id, "project_id": project_id, "role": role}
        db.session.execute(insert(memberships).values(row | {"created_at": START}))

    def _add_tasks(self) -> None:
        """Insert tasks, half of them in projects of the accounts with few of them."""
        roles = self.model.projects.roles
        few = [p for c in self.clients[:-1] for p in roles if c.user["id"] in roles[p]]
        projects = [self.chance.choice([few, [*roles]][n % 2]) for n in range(TASKS)]
        rows = [self._task(project_id) for project_id in projects]
        new = insert(tasks).returning(tasks.c.id, sort_by_parameter_order=True)
        ids = db.session.scalars(new, [self._row(one) for one in rows]).all()
        for task_id, task in zip(ids, rows, strict=True):
            tags.attach(task["project_id"], {task_id: task["tags"]})
            own = {"id": task_id, "tags": sorted(map(folded, task["tags"]))}
            self.model.tasks[task_id] = task | own
        self._add_parents(ids)

    def _task(self, project_id: int) -> Task:
        choose = self.chance.choice
        status = choose(STATUSES)
        members = [None, *self.model.projects.roles[project_id]]
        return NEW | {
            "project_id": project_id,
            "assignee_id": choose(members),
            "title": choose(TITLES),
            "description": choose([None, "a", "ab ✓"]),
            "status": status,
            "priority": choose(PRIORITIES),
            "due_date": choose([None, self._day().date(), self._day()]),
            "tags": [*{folded(t): t for t in self.chance.sample(TAGS, 2)}.values()],
            "version": 1,
            "created_at": self._day(),
            "updated_at": self._day(),
            "completed_at": self._day() if status == "completed" else None,
            "deleted_at": self._day() if choose([0, 0, 1]) else None,
        }

    def _day(self) -> datetime:
        """Return one of a few timestamps, so that tasks share values."""
        return START + timedelta(hours=12 * self.chance.randint(-6, 6))

    def _row(self, task: Task) -> dict[str, Any]:
        """Return the columns of a task of the model."""
        choices: Any = {
            "status": TaskStatus(task["status"]),
            "priority": TaskPriority(task["priority"]),
        }
        row = writes.new_row(None, task["project_id"], task | choices, START)
        own = {"assignee_id", "created_at", "updated_at", "completed_at", "deleted_at"}
        return row | {name: task[name] for name in own}

    def _add_parents(self, ids: Any) -> None:
        """Place some tasks below the one that was inserted before in their project."""
        last: dict[int, int] = {}
        for task_id in ids:
            task = self.model.tasks[task_id]
            parent = last.get(task["project_id"])
            if parent and self.chance.random() < 0.3:
                task["parent_id"] = parent
                move = update(tasks).where(tasks.c.id == task_id)
                db.session.execute(move.values(parent_id=parent))
            else:
                last[task["project_id"]] = task_id
