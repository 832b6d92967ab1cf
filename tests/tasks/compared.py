"""The tasks of the service beside those of the model, and how both are compared."""

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
from tests.support import Client
from tests.tasks import made_up
from tests.tasks.model import Model
from tests.tasks.model_fields import folded
from tests.tasks.model_lists import shown
from tests.tasks.model_refusals import Refused
from tests.tasks.model_trees import Task
from tests.tasks.support import walk

Act = Callable[[Iterator[int]], Any]


class Compared(RuleBasedStateMachine):
    """Ann's tasks, here and there; a number names one of them."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self.app = app
        self.travel = time_machine.travel(made_up.START, tick=False)
        self.clock = self.travel.start()
        self.ann = Client(app, "ann").sign_in()
        bob = Client(app, "bob").sign_in()
        self.ids = [bob.make_task()["id"]]
        self.model = Model(made_up.START)

    def teardown(self) -> None:
        """Forget everyone."""
        self.travel.stop()
        with self.app.app_context(), db.transaction():
            db.session.execute(text("DELETE FROM users"))

    def wait(self, seconds: int) -> None:
        """Let time pass for both."""
        self.clock.shift(seconds)
        self.model.now += timedelta(seconds=seconds)

    def id_of(self, number: Any, *, trashed: bool = False) -> Any:
        """Return the id that a number stands for, the newest first.

        It is one in the trash if that is asked for, and there is any. A high number is
        for what is not there, or not Ann's.
        """
        if not isinstance(number, int):
            return number
        there = [*self.model.tasks]
        trash = [i for i in there if trashed and not self.model.is_live(i)]
        gone = [task_id for task_id in self.ids if task_id not in there]
        ids = (trash or there or gone) if number < made_up.ABSENT else gone
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
        """Return one of several changes; none hands an external id to another one."""
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

    def agree(self, answer: TestResponse, act: Act, *, dry_run: bool = False) -> None:
        """Do the same in the model; the answer, and all tasks, must be the same."""
        before, there = deepcopy(self.model.tasks), self.everything()
        new = sorted(set(there) - set(self.ids))
        self.ids += new
        rehearsed = (
            [task["id"] for task in answer.json.get("created", [])] if dry_run else []
        )
        expected = self.attempt(act, chain(new, rehearsed, count(-1, -1)))
        accepted = answer.status_code < 300
        said = told(answer.json) if accepted else refusal(answer)
        assert said == expected, f"{said} is not {expected}"
        if dry_run or not accepted:
            self.model.tasks = before
        tasks = self.model.tasks
        assert there == {
            task_id: shown(self.model, tasks[task_id]) for task_id in tasks
        }

    def attempt(self, act: Act, ids: Iterator[int]) -> Any:
        """Return what the model answers, or how it refuses."""
        try:
            return act(ids)
        except Refused as refused:
            return refused.args

    def outcome(self, done: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """Return what came of a bulk request as the API answers it."""
        tasks = {
            kind: [shown(self.model, task) for task in done[kind]]
            for kind in ("created", "updated")
        }
        return done | tasks

    def everything(self) -> dict[int, Task]:
        """Return all tasks that the service has, those in the trash too."""
        live = walk(self.ann, "limit=100")
        return {
            t["id"]: told(t) for t in [*live, *walk(self.ann, "limit=100&deleted=true")]
        }


def if_match(version: int | None) -> dict[str, str]:
    """Return the header that asks for a version."""
    return {} if version is None else {"If-Match": f'"{version}"'}


def told(answer: Any) -> Any:
    """Return what the API says, without owners; the model has folded tags."""
    if isinstance(answer, list):
        return [told(one) for one in answer]
    if isinstance(answer, dict):
        said = {n: told(value) for n, value in answer.items() if n != "owner_id"}
        if "tags" in said:
            said["tags"] = sorted(map(folded, said["tags"]))
        return said
    return answer


def refusal(answer: TestResponse) -> tuple[int, str, list[str]]:
    """Return the status, the code and the places of a refusal."""
    problem = answer.json or {}
    places = [fault.get("pointer") for fault in problem.get("errors", [])]
    return answer.status_code, problem.get("code", ""), sorted(places)


def as_json(value: Any) -> Any:
    """Return fields as they are sent."""
    if isinstance(value, list):
        return [as_json(one) for one in value]
    if isinstance(value, dict):
        return {name: as_json(one) for name, one in value.items()}
    return value.isoformat() if isinstance(value, date) else value


def as_query(filters: dict[str, Any]) -> str:
    """Return filters as they are sent."""
    sent = as_json(filters)
    commas = {
        n: ",".join(map(str, sent[n]))
        for n in ("status", "priority", "ids")
        if n in sent
    }
    flags = {n: str(v).lower() for n, v in sent.items() if isinstance(v, bool)}
    return urlencode(sent | commas | flags, doseq=True)
