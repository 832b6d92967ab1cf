"""Rules of projects and members, which change what the accounts see."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.projects.support import add_member, create_project
from tests.tasks import strategies
from tests.tasks.machine import TaskMachine

MAX_PROJECTS = 6


def step(**arguments: Any) -> Callable[[Any], Any]:
    """Return a decorator of a rule that one of the accounts executes."""

    def decorate(method: Any) -> Any:
        @rule(actor=strategies.actors, **arguments)
        @wraps(method)
        def run(self: TaskMachine, *values: Any, actor: str = "", **named: Any) -> None:
            if actor:
                self.act_as(actor)
            method(self, *values, **named)

        return run

    return decorate


class ProjectMachine(TaskMachine):
    """Operations on projects."""

    @step()
    def create_project(self) -> None:
        if len(self.model.projects.roles) < MAX_PROJECTS:
            project = create_project(self.client)["id"]
            self.model.projects.roles[project] = {self.model.me: "owner"}

    @step(number=strategies.numbers, name=strategies.actors, role=strategies.roles)
    def add_member(self, number: int, name: str, role: str) -> None:
        project, client = self.project_of(number), self.clients[name]
        members = self.model.projects.roles[project]
        personal = self.model.projects.personal.values()
        if project not in personal and client.user["id"] not in members:
            add_member({"id": project}, client, role)
            members[client.user["id"]] = role

    @step(number=strategies.numbers, account=st.integers(0, 2), role=strategies.roles)
    def change_role(self, number: int, account: int, role: str) -> None:
        project, member = self.project_of(number), self.account_of(account, 0)

        path = f"projects/{project}/members/{member}"
        response = self.client.patch(path, {"role": role})

        change = self.model.projects.change_role
        self.agree_on_projects(
            response, lambda: change(project, member, role, self.model.me)
        )

    @step(number=strategies.numbers, account=st.integers(0, 2))
    def remove_member(self, number: int, account: int) -> None:
        project, member = self.project_of(number), self.account_of(account, 0)

        response = self.client.delete(f"projects/{project}/members/{member}")

        def act() -> None:
            self.model.projects.remove(project, member, self.model.me)
            self.model.clear_assignments(project, member)

        self.agree_on_projects(response, act)

    @step(number=strategies.numbers)
    def delete_project(self, number: int) -> None:
        project = self.project_of(number)

        response = self.client.delete(f"projects/{project}")

        delete = self.model.projects.delete
        self.agree_on_projects(response, lambda: delete(project, self.model.me))

    @step(number=strategies.numbers)
    def restore_project(self, number: int) -> None:
        project = self.project_of(number)

        response = self.client.post(f"projects/{project}/restore")

        restore = self.model.projects.restore
        self.agree_on_projects(response, lambda: restore(project, self.model.me))
