"""Tests of the recipe "Add a field", which run in the copy."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import KINDS
from tests.helpers.client import Client
from tests.helpers.databases import new_databases

MINUTES = {"estimate_minutes": 45}
CSV = {"Content-Type": "text/csv"}
JSONL = {"Content-Type": "application/x-ndjson"}
UPLOAD = "users/me/import"


@pytest.fixture(params=KINDS)
def empty(
    request: pytest.FixtureRequest, make_app: Callable[..., Flask], tmp_path: Path
) -> Iterator[Flask]:
    """Return an app on an empty database of each kind."""
    with new_databases(tmp_path, make_app) as make:
        yield make(request.param)


def flask(app: Flask, *arguments: str) -> None:
    result = app.test_cli_runner().invoke(args=["db", *arguments])
    assert result.exit_code == 0, result.output


def test_field_is_created_updated_and_listed(ann: Client) -> None:
    path = f"tasks/{ann.create_task(**MINUTES)['id']}"

    created = ann.get(path).json["estimate_minutes"]
    changed = ann.patch(path, {"estimate_minutes": 50}).json["estimate_minutes"]
    listed = ann.get("tasks").json["items"][0]["estimate_minutes"]
    cleared = ann.patch(path, {"estimate_minutes": None}).json["estimate_minutes"]

    assert (created, changed, listed, cleared) == (45, 50, 50, None)


def test_field_is_validated(ann: Client) -> None:
    response = ann.post("tasks", {"title": "Sow", "estimate_minutes": "45"})

    assert response.status_code == 422
    assert response.json["errors"][0]["pointer"] == "#/estimate_minutes"


def test_field_is_changed_in_bulk(ann: Client) -> None:
    task = {"title": "Sow"} | MINUTES

    response = ann.post("tasks/bulk", {"create": [task]})

    assert response.json["created"][0]["estimate_minutes"] == 45


@pytest.mark.parametrize(
    ("kind", "headers"), [("jsonl", JSONL), ("csv", CSV)], ids=["jsonl", "csv"]
)
def test_field_is_exported_and_imported(
    ann: Client, bob: Client, kind: str, headers: dict[str, str]
) -> None:
    ann.create_task(**MINUTES)
    exported = ann.get(f"users/me/export?format={kind}").data

    response = bob.call("POST", f"/api/v1/{UPLOAD}", data=exported, headers=headers)

    assert response.json["created"] == 1, response.json
    assert bob.get("tasks").json["items"][0]["estimate_minutes"] == 45
    if kind == "jsonl":
        assert json.loads(exported)["estimate_minutes"] == 45
    else:
        assert b"estimate_minutes" in exported.splitlines()[0]


def test_search_works_after_downgrade_and_upgrade(empty: Flask) -> None:
    flask(empty, "upgrade")
    flask(empty, "downgrade")
    flask(empty, "upgrade")

    ann = Client(empty, "ann").register().log_in()
    ann.create_task(title="Water the plants", **MINUTES)

    assert len(ann.get("tasks?q=plants").json["items"]) == 1


def test_downgrade_keeps_the_tasks(empty: Flask) -> None:
    flask(empty, "upgrade")
    ann = Client(empty, "ann").register().log_in()
    ann.create_task(title="Water the plants", **MINUTES)
    flask(empty, "downgrade")
    flask(empty, "upgrade")

    (task,) = ann.get("tasks?q=plants").json["items"]

    assert task["estimate_minutes"] is None
