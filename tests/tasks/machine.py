"""State machine that compares the service with the model."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from itertools import chain, count
from typing import Any

import time_machine
from flask import Flask
from hypothesis.stateful import RuleBasedStateMachine
from werkzeug.test import TestResponse

from tests.helpers.client import Client
from tests.helpers.rows import empty_tables
from tests.tasks import strategies
from tests.tasks.machine_values import (
    from_api,
    problem_of,
    without_external_ids,
)
from tests.tasks.model_bulk import BulkModel
from tests.tasks.model_errors import Rejected
from tests.tasks.model_lists import shown
from tests.tasks.model_trees import Task
from tests.tasks.support import read_all

Act = Callable[[Iterator[int]], Any]


def ids_of_dry_run(response: TestResponse, *, dry_run: bool) -> Iterator[int]:
    """Return the ids that a dry run assigns; it does not show those of subtasks."""
    created = response.json.get("created") if dry_run else None
    return count(created[0]["id"]) if created else count(-1, -1)


class TaskMachine(RuleBasedStateMachine):
    """Tasks of three accounts in the service and in the model.

    `client` is the account of the current step. Rules name tasks by number.
    """

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self.app = app
        self.travel = time_machine.travel(strategies.START, tick=False)
        self.clock = self.travel.start()
        self.clients = {n: Client(app, n).sign_in() for n in ("ann", "bob", "carl")}
        self.ids: list[int] = [2**60]
        self.model = BulkModel(strategies.START)
        for client in self.clients.values():
            self.model.projects.add_personal(client.project_id, client.user["id"])
        self.act_as("ann")

    def act_as(self, name: str) -> None:
        """Let an account make the next requests."""
        self.client = self.clients[name]
        self.model.me = self.client.user["id"]

    def teardown(self) -> None:
        """Delete all users."""
        self.travel.stop()
        empty_tables(self.app)

    def wait(self, seconds: int) -> None:
        """Advance the time of the service and of the model."""
        self.clock.shift(seconds)
        self.model.now += timedelta(seconds=seconds)

    def id_of(self, number: Any, *, trashed: bool = False) -> Any:
        """Return the id that a number stands for, the newest first.

        With `trashed` it is one in the trash, if there is any. A high number stands for
        a task that does not exist or that the account does not see.
        """
        if not isinstance(number, int):
            return number
        existing = [task["id"] for task in self.model.visible()]
        trash = [i for i in existing if trashed and not self.model.is_live(i)]
        absent = [task_id for task_id in self.ids if task_id not in existing]
        ids = (trash or existing or absent) if number < strategies.ABSENT else absent
        return ids[-1 - number % len(ids)]

    def version_of(self, task_id: int, ahead: int | None) -> int | None:
        """Return the version of a task, or one that it does not have yet."""
        version = self.model.tasks.get(task_id, {"version": 1})["version"]
        return None if ahead is None else version + ahead

    def project_of(self, number: Any) -> Any:
        """Return the id of the project that a number stands for, the newest first.

        A high number stands for any project, others for one that the account sees.
        """
        if not isinstance(number, int):
            return number
        projects = self.model.projects
        visible = [i for i in projects.roles if projects.role(i, self.model.me)]
        ids = visible if number < strategies.ANY else [*projects.roles]
        return ids[-1 - number % len(ids)]

    def account_of(self, number: Any, project: int | None = None) -> Any:
        """Return the id of an account, for a low number a member of the project."""
        if not isinstance(number, int):
            return number
        members = [*self.model.projects.roles.get(project or 0, ())]
        every = [client.user["id"] for client in self.clients.values()]
        ids = members if members and number < strategies.ANY else every
        return ids[number % len(ids)]

    def resolved(self, fields: Task) -> Task:
        """Return fields with ids in place of numbers."""
        by_name = {
            "id": self.id_of,
            "parent_id": self.id_of,
            "project_id": self.project_of,
        }
        named = {n: by_name[n](fields[n]) for n in by_name if n in fields}
        return self.with_assignees(fields | named)

    def with_assignees(self, fields: Task, project: int | None = None) -> Task:
        """Return fields with the ids of assignees, most of them members."""
        task = self.model.tasks.get(fields.get("id") or fields.get("parent_id") or 0)
        own = (
            task["project_id"] if task else self.model.projects.personal[self.model.me]
        )
        project = fields.get("project_id", project or own)
        found = dict(fields)
        if "assignee_id" in fields:
            found["assignee_id"] = self.account_of(fields["assignee_id"], project)
        if "subtasks" in fields:
            below = fields["subtasks"]
            found["subtasks"] = [self.with_assignees(one, project) for one in below]
        return found

    def resolved_new(self, fields: Task) -> Task:
        """Return a new task, by default in the project of its parent."""
        resolved = self.resolved(fields)
        parent = self.model.tasks.get(resolved["parent_id"])
        own = {"project_id": parent["project_id"]} if parent else {}
        return own | resolved

    def resolved_change(self, fields: Task) -> Task:
        """Return a change of a bulk request; it keeps the external id of its task."""
        change = self.resolved(fields)
        version = self.version_of(change["id"], change.pop("if_version"))
        own = self.model.tasks.get(change["id"], {}).get("external_id")
        if own and change.get("external_id", own) != own:
            change["external_id"] = own
        return change if version is None else change | {"if_version": version}

    def resolved_request(self, request: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """Return a bulk request with ids in place of numbers.

        One that names several projects has no external ids.
        """
        create = [*map(self.resolved_new, request["create"])]
        update = [*map(self.resolved_change, request["update"])]
        delete = [*map(self.id_of, request["delete"])]
        personal = self.model.projects.personal[self.model.me]
        projects = {fields.get("project_id", personal) for fields in create}
        named = [*delete, *(fields["id"] for fields in update)]
        projects |= {f["project_id"] for f in update if "project_id" in f}
        projects |= {t["project_id"] for t in self.model.visible() if t["id"] in named}
        if len(projects) > 1:
            create, update = without_external_ids(create), without_external_ids(update)
        return {"create": create, "update": update, "delete": delete}

    def resolved_filters(self, filters: dict[str, Any]) -> dict[str, Any]:
        """Return filters with ids in place of numbers."""
        ids = {
            name: [*map(self.id_of, filters[name])]
            for name in ("ids",)
            if name in filters
        }
        return self.resolved(filters) | ids

    def agree(self, response: TestResponse, act: Act, *, dry_run: bool = False) -> None:
        """Run an operation in the model; assert that the results are equal."""
        before, seen = deepcopy(self.model.tasks), self.everything()
        stored = {n: task for tasks in seen.values() for n, task in tasks.items()}
        new = sorted(set(stored) - set(self.ids))
        self.ids += new
        expected = self.attempt(
            act, chain(new, ids_of_dry_run(response, dry_run=dry_run))
        )
        accepted = response.status_code < 300
        actual = from_api(response.json) if accepted else problem_of(response)
        assert actual == expected, f"{actual} is not {expected}"
        if dry_run or not accepted:
            self.model.tasks = before
        self.check_visible(seen)

    def agree_on_projects(self, response: TestResponse, act: Callable[[], Any]) -> None:
        """Change projects in the model; assert that the results are equal."""
        before = deepcopy(self.model.projects)
        expected = self.attempt(lambda _: act(), count())
        accepted = response.status_code < 300
        actual = None if accepted else problem_of(response)
        assert actual == expected, f"{actual} is not {expected}"
        if not accepted:
            self.model.projects = before
        self.check_visible(self.everything())

    def check_visible(self, seen: dict[str, dict[int, Task]]) -> None:
        """Assert that each account sees the tasks of its projects."""
        me = self.model.me
        for name, tasks in seen.items():
            self.model.me = self.clients[name].user["id"]
            visible = {t["id"]: shown(self.model, t) for t in self.model.visible()}
            assert tasks == visible, name
        self.model.me = me

    def attempt(self, act: Act, ids: Iterator[int]) -> Any:
        """Return the result of the model, or its error."""
        try:
            return act(ids)
        except Rejected as error:
            return error.args

    def outcome(self, done: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """Return the result of a bulk request in the form of the API."""
        tasks = {
            kind: [shown(self.model, task) for task in done[kind]]
            for kind in ("created", "updated")
        }
        return done | tasks

    def everything(self) -> dict[str, dict[int, Task]]:
        """Return all tasks that each account sees, including the trash."""
        return {
            name: {
                task["id"]: from_api(task)
                for query in ("limit=100", "limit=100&deleted=true")
                for task in read_all(client, query)
            }
            for name, client in self.clients.items()
        }
