"""State machine that compares the service with the model."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import date, timedelta
from itertools import chain, count
from typing import Any
from urllib.parse import urlencode

import time_machine
from flask import Flask
from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy import text
from werkzeug.test import TestResponse

from taskapi import db
from tests.helpers.client import Client
from tests.tasks import strategies
from tests.tasks.model import Model
from tests.tasks.model_errors import Rejected
from tests.tasks.model_fields import OTHER_FIELDS, folded
from tests.tasks.model_lists import shown
from tests.tasks.model_trees import Task
from tests.tasks.support import read_all

Act = Callable[[Iterator[int]], Any]


class TaskMachine(RuleBasedStateMachine):
    """Ann's tasks in the service and in the model; rules refer to them by number."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self.app = app
        self.travel = time_machine.travel(strategies.START, tick=False)
        self.clock = self.travel.start()
        self.ann = Client(app, "ann").sign_in()
        bob = Client(app, "bob").sign_in()
        self.ids = [bob.create_task()["id"]]
        self.model = Model(strategies.START)
        self.model.me = self.ann.user["id"]
        self.model.projects.add_personal(self.ann.project_id, self.model.me)

    def teardown(self) -> None:
        """Delete all users."""
        self.travel.stop()
        with self.app.app_context(), db.transaction():
            db.session.execute(text("DELETE FROM users"))

    def wait(self, seconds: int) -> None:
        """Advance the time of the service and of the model."""
        self.clock.shift(seconds)
        self.model.now += timedelta(seconds=seconds)

    def id_of(self, number: Any, *, trashed: bool = False) -> Any:
        """Return the id that a number stands for, the newest first.

        With `trashed` it is one in the trash, if there is any. A high number stands for
        a task that does not exist or belongs to another user.
        """
        if not isinstance(number, int):
            return number
        existing = [*self.model.tasks]
        trash = [i for i in existing if trashed and not self.model.is_live(i)]
        absent = [task_id for task_id in self.ids if task_id not in existing]
        ids = (trash or existing or absent) if number < strategies.ABSENT else absent
        return ids[-1 - number % len(ids)]

    def version_of(self, task_id: int, ahead: int | None) -> int | None:
        """Return the version of a task, or one that it does not have yet."""
        version = self.model.tasks.get(task_id, {"version": 1})["version"]
        return None if ahead is None else version + ahead

    def resolved(self, fields: Task) -> Task:
        """Return fields with ids in place of numbers."""
        places = {
            name: self.id_of(fields[name])
            for name in ("id", "parent_id")
            if name in fields
        }
        return fields | places

    def resolved_change(self, fields: Task) -> Task:
        """Return a change of a bulk request; it keeps the external id of its task."""
        change = self.resolved(fields)
        version = self.version_of(change["id"], change.pop("if_version"))
        own = self.model.tasks.get(change["id"], {}).get("external_id")
        if own and change.get("external_id", own) != own:
            change["external_id"] = own
        return change if version is None else change | {"if_version": version}

    def resolved_request(self, request: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """Return a bulk request with ids in place of numbers."""
        return {
            "create": [*map(self.resolved, request["create"])],
            "update": [*map(self.resolved_change, request["update"])],
            "delete": [*map(self.id_of, request["delete"])],
        }

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
        before, stored = deepcopy(self.model.tasks), self.everything()
        new = sorted(set(stored) - set(self.ids))
        self.ids += new
        dry_run_ids = (
            [task["id"] for task in response.json.get("created", [])] if dry_run else []
        )
        expected = self.attempt(act, chain(new, dry_run_ids, count(-1, -1)))
        accepted = response.status_code < 300
        actual = from_api(response.json) if accepted else problem_of(response)
        assert actual == expected, f"{actual} is not {expected}"
        if dry_run or not accepted:
            self.model.tasks = before
        tasks = self.model.tasks
        assert stored == {
            task_id: shown(self.model, tasks[task_id]) for task_id in tasks
        }

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

    def everything(self) -> dict[int, Task]:
        """Return all tasks of the service, including the trash."""
        live = read_all(self.ann, "limit=100")
        return {
            t["id"]: from_api(t)
            for t in [*live, *read_all(self.ann, "limit=100&deleted=true")]
        }


def if_match(version: int | None) -> dict[str, str]:
    """Return the If-Match header for a version."""
    return {} if version is None else {"If-Match": f'"{version}"'}


def from_api(response: Any) -> Any:
    """Return a response with the fields of the model, and with folded tags."""
    if isinstance(response, list):
        return [from_api(one) for one in response]
    if isinstance(response, dict):
        actual = {n: from_api(v) for n, v in response.items() if n not in OTHER_FIELDS}
        if "tags" in actual:
            actual["tags"] = sorted(map(folded, actual["tags"]))
        return actual
    return response


def problem_of(response: TestResponse) -> tuple[int, str, list[str]]:
    """Return status, code and pointers of a problem."""
    problem = response.json or {}
    pointers = [error.get("pointer") for error in problem.get("errors", [])]
    return response.status_code, problem.get("code", ""), sorted(pointers)


def as_json(value: Any) -> Any:
    """Return fields as JSON values."""
    if isinstance(value, list):
        return [as_json(one) for one in value]
    if isinstance(value, dict):
        return {name: as_json(one) for name, one in value.items()}
    return value.isoformat() if isinstance(value, date) else value


def as_query(filters: dict[str, Any]) -> str:
    """Return filters as a query string."""
    sent = as_json(filters)
    commas = {
        n: ",".join(map(str, sent[n]))
        for n in ("status", "priority", "ids")
        if n in sent
    }
    flags = {n: str(v).lower() for n, v in sent.items() if isinstance(v, bool)}
    return urlencode(sent | commas | flags, doseq=True)
