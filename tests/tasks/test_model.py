"""Random operations on the service and on a model, which must have equal results.

By default a short run with a fixed seed; MODEL_RUNS sets the number of random runs.
"""

import os
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from tests.helpers.client import field_errors
from tests.tasks import strategies
from tests.tasks.machine_projects import ProjectMachine, step
from tests.tasks.machine_values import as_json, as_query, from_api, if_match
from tests.tasks.model_fields import folded
from tests.tasks.model_lists import expanded, listed, shown, stats, tags, words
from tests.tasks.support import follow, read_all

RUNS = os.environ.get("MODEL_RUNS")
PARTS = range(6)
SHORT = settings(
    deadline=None,
    derandomize=RUNS is None,
    database=None,
    max_examples=int(RUNS or 4),
    stateful_step_count=30,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(SHORT, derandomize=False, max_examples=50, stateful_step_count=40)


class Tasks(ProjectMachine):
    """Operations on tasks, executed sequentially."""

    @initialize(trees=st.lists(strategies.subtrees, min_size=3, max_size=5))
    def begin(self, trees: list[dict[str, Any]]) -> None:
        self.create_project()
        self.create_project()
        for name, role in (("bob", "editor"), ("carl", "viewer")):
            self.add_member(0, name, role)
            self.add_member(1, name, "editor")
        for number, new_task in enumerate(trees):
            place = {"project_id": 0} if number % 2 else {}
            assigned = {"assignee_id": number % strategies.ANY}
            self.create(new_task | {"parent_id": None} | place | assigned)

    @step(new_task=strategies.new_tasks)
    def create(self, new_task: dict[str, Any]) -> None:
        fields = self.resolved_new(new_task)
        nests = fields.get("subtasks") or fields["parent_id"] is not None
        show = expanded if nests else shown

        response = self.client.post("tasks", as_json(fields))

        self.agree(
            response, lambda ids: show(self.model, self.model.create(fields, ids))
        )

    @step(levels=strategies.levels, parent=strategies.parents)
    def create_chain(self, levels: int, parent: int | None) -> None:
        chain: dict[str, Any] = {"title": "the lowest"}
        for _ in range(levels - 1):
            chain = {"title": "a level", "subtasks": [chain]}

        self.create(chain | {"parent_id": parent})

    @step(
        method=st.sampled_from(["PATCH", "PUT"]),
        number=strategies.numbers,
        changes=strategies.changes,
        ahead=strategies.versions,
    )
    def change(
        self, method: str, number: int, changes: dict[str, Any], ahead: int | None
    ) -> None:
        fields = self.resolved(changes | {"id": number})
        task_id = fields.pop("id")
        version = self.version_of(task_id, ahead)
        sent = {"json": as_json(fields), "headers": if_match(version)}

        response = self.client.call(method, f"tasks/{task_id}", **sent)

        self.agree(
            response,
            lambda _: shown(self.model, self.model.change(task_id, fields, version)),
        )

    @step(number=strategies.numbers, parent=strategies.parents)
    def move(self, number: int, parent: int | None) -> None:
        self.change("PATCH", number, {"parent_id": parent}, None)

    @step(number=st.integers(0, 5), account=st.integers(0, strategies.ANY))
    def assign(self, number: int, account: int) -> None:
        self.change("PATCH", number, {"assignee_id": account}, None)

    @step(number=st.integers(0, 5), project=st.integers(0, strategies.ANY))
    def move_to_project(self, number: int, project: int) -> None:
        self.change("PATCH", number, {"project_id": project}, None)

    @step(
        number=strategies.numbers,
        ahead=strategies.versions,
        permanent=st.sampled_from(["false", "false", "true"]),
    )
    def delete(self, number: int, ahead: int | None, permanent: str) -> None:
        self.wait(1)
        task_id = self.id_of(number)
        version = self.version_of(task_id, ahead)
        end = self.model.destroy if permanent == "true" else self.model.delete

        path = f"tasks/{task_id}?permanent={permanent}"
        response = self.client.delete(path, headers=if_match(version))

        self.agree(response, lambda _: end(task_id, version))

    @step(number=strategies.numbers, ahead=strategies.versions)
    def restore(self, number: int, ahead: int | None) -> None:
        task_id = self.id_of(number, trashed=True)
        version = self.version_of(task_id, ahead)

        path = f"tasks/{task_id}/restore"
        response = self.client.post(path, headers=if_match(version))

        self.agree(
            response, lambda _: shown(self.model, self.model.restore(task_id, version))
        )

    @step(request=strategies.requests, dry_run=st.booleans())
    def bulk(self, request: dict[str, list[Any]], *, dry_run: bool) -> None:
        self.wait(1)
        resolved = self.resolved_request(request)

        path = f"tasks/bulk?dry_run={str(dry_run).lower()}"
        response = self.client.post(path, as_json(resolved))

        self.agree(
            response,
            lambda ids: self.outcome(self.model.bulk(resolved, ids)),
            dry_run=dry_run,
        )

    @step(seconds=st.sampled_from([1, 3600, 86_400, 561_600]))
    def advance_time(self, seconds: int) -> None:
        self.wait(seconds)
        for client in self.clients.values():
            client.renew_session()

    @step(number=strategies.numbers)
    def read(self, number: int) -> None:
        task_id = self.id_of(number)

        one = self.client.get(f"tasks/{task_id}")
        tree = self.client.get(f"tasks/{task_id}?expand=subtasks")

        if self.model.is_live(task_id):
            task = self.model.tasks[task_id]
            assert one.headers["ETag"] == f'"{task["version"]}"'
            assert from_api(one.json) == shown(self.model, task)
            assert from_api(tree.json) == expanded(self.model, task)
        else:
            assert (one.status_code, tree.status_code) == (404, 404)

    @step(
        several=st.lists(strategies.filters, min_size=1, max_size=4),
        sort=strategies.sorts,
        limit=strategies.limits,
    )
    def list_tasks(self, several: list[dict[str, Any]], sort: str, limit: int) -> None:
        for chosen in several:
            self.list_some(chosen, sort, limit)

    def list_some(self, chosen: dict[str, Any], sort: str, limit: int) -> None:
        filters = self.resolved_filters(chosen)
        query = f"{as_query(filters)}&sort={sort}&limit="
        first = self.client.get(f"tasks?{query}1&include_total=true")

        if "q" in filters and not words(filters["q"]):
            assert [*field_errors(first)] == ["q"]
        else:
            ids = listed(self.model, filters, sort)
            actual = read_all(self.client, f"{query}{limit + len(ids) // 20}")
            expected = [shown(self.model, self.model.tasks[i]) for i in ids]
            assert (first.json["total"], from_api(actual)) == (len(ids), expected)

    @step(limit=strategies.limits)
    def count_tasks(self, limit: int) -> None:
        counted = self.client.get("tasks/stats").json
        listed_tags = follow(self.client, f"tags?limit={limit}")
        actual = [tag | {"name": folded(tag["name"])} for tag in listed_tags]

        assert (counted, actual) == (stats(self.model), tags(self.model))


def test_random_operations_match_the_model(app: Flask) -> None:
    run_state_machine_as_test(lambda: Tasks(app), settings=SHORT)


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_many_random_operations_match_the_model(app: Flask, part: int) -> None:
    run_state_machine_as_test(lambda: Tasks(app), settings=LONG)
