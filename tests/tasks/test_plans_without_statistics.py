"""Lists on a database that has no statistics."""

from collections.abc import Callable, Iterator
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask

from tests.conftest import KINDS
from tests.helpers.client import Client
from tests.helpers.databases import new_databases
from tests.projects.support import create_project
from tests.tasks.query_plans import large_sorts, plans
from tests.tasks.test_plans import DIRECTED, scans

OTHER_SORTS = ["-updated_at", "completed_at", "due_date", "-due_date", "priority"]


@pytest.fixture(scope="module")
def ann(
    make_app: Callable[..., Flask], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """Return a member of several projects on SQLite."""
    folder: Path = tmp_path_factory.mktemp("databases")
    with new_databases(folder, make_app) as make:
        app = make("sqlite")
        with app.app_context():
            flask_migrate.upgrade()
        client = Client(app, "ann").sign_in()
        for name in ("Garden", "House"):
            project = create_project(client, name)
            client.create_task(project_id=project["id"], due_date="2030-01-01")
        yield client


@pytest.mark.parametrize("kind", KINDS)
def test_search_without_statistics_uses_the_search_index(
    make_app: Callable[..., Flask], tmp_path: Path, kind: str
) -> None:
    with new_databases(tmp_path, make_app) as make:
        app = make(kind)
        with app.app_context():
            flask_migrate.upgrade()
        ann = Client(app, "ann").sign_in()

        steps = plans(ann, "tasks?q=word7")

    assert steps
    assert not [step for step in steps if "USING INDEX ix_tasks_project" in step]


@pytest.mark.parametrize("sort", DIRECTED)
def test_projects_without_statistics_are_read_in_the_order_of_an_index(
    ann: Client, sort: str
) -> None:
    cursor = ann.get(f"tasks?sort={sort}&limit=1").json["next_cursor"]

    steps = plans(ann, f"tasks?sort={sort}")
    steps += plans(ann, f"tasks?sort={sort}&cursor={cursor}")

    assert steps
    assert scans(steps) == []
    assert large_sorts(steps, 0) == []


@pytest.mark.parametrize("sort", OTHER_SORTS)
def test_tasks_of_an_assignee_are_found_by_their_index(ann: Client, sort: str) -> None:
    steps = plans(ann, f"tasks?assignee_id=me&sort={sort}")

    read = [step.strip() for step in steps if "SEARCH tasks USING COVERING" in step]
    assert set(read) == {
        "SEARCH tasks USING COVERING INDEX ix_tasks_assigned "
        "(project_id=? AND assignee_id=?)"
    }
    assert not [step for step in steps if "INDEX ix_tasks_project" in step]


def test_list_by_due_date_continues_in_its_index(ann: Client) -> None:
    steps = [step.strip() for step in plans(ann, "tasks?sort=due_date")]

    index = "SEARCH tasks USING INDEX ix_tasks_project_id_due_is_day_due_at_id"
    assert steps.count("RECURSIVE STEP") == 2
    for columns in ("due_at>?", "due_at=? AND id>?"):
        place = f"(project_id=? AND due_is_day=? AND {columns})"
        assert steps.count(f"{index} {place}") >= 2
    assert not [step for step in steps if "ix_tasks_project_id_id" in step]
