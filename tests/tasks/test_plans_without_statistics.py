"""A search on a database that has no statistics."""

from collections.abc import Callable
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask

from tests.conftest import KINDS
from tests.helpers.client import Client
from tests.helpers.databases import new_databases
from tests.tasks.query_plans import plans


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
