"""Trash of projects: deletion, restoration, purge."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from taskapi import db, maintenance
from taskapi.mail import service as mail
from taskapi.projects.models import Project
from tests.helpers.client import Client, assert_problem
from tests.helpers.clock import days, later
from tests.projects.support import add_member, create_project


@pytest.fixture
def deleted(ann: Client, bob: Client) -> dict[str, Any]:
    """Return a project of Ann and Bob that is in the trash."""
    project = create_project(ann)
    add_member(project, bob, "viewer")
    response = ann.delete(f"projects/{project['id']}")
    assert response.status_code == 204
    return project


def exists(app: Flask, project: dict[str, Any]) -> bool:
    count = select(func.count()).where(Project.id == project["id"])
    with app.app_context():
        return bool(db.read(count)[0][0])


def purge(app: Flask) -> dict[str, int]:
    with app.app_context():
        return maintenance.purge()


def test_deleted_project_is_invisible_to_all_members(
    ann: Client, bob: Client, deleted: dict[str, Any]
) -> None:
    path = f"projects/{deleted['id']}"

    for client in (ann, bob):
        assert_problem(client.get(path), 404, "not-found")
        assert_problem(client.patch(path, {"name": "x"}), 404, "not-found")
        assert_problem(client.delete(path), 404, "not-found")


def test_owner_restores_a_project_with_its_members(
    ann: Client, bob: Client, deleted: dict[str, Any]
) -> None:
    response = ann.post(f"projects/{deleted['id']}/restore")

    assert response.json["version"] == 3
    assert response.headers["ETag"] == '"3"'
    assert response.json["deleted_at"] is None
    assert bob.get(f"projects/{deleted['id']}").json["role"] == "viewer"


def test_member_cannot_restore_a_project(bob: Client, deleted: dict[str, Any]) -> None:
    response = bob.post(f"projects/{deleted['id']}/restore")

    assert_problem(response, 404, "not-found")


def test_restore_outside_the_trash_changes_nothing(ann: Client) -> None:
    project = create_project(ann)

    response = ann.post(f"projects/{project['id']}/restore")

    assert response.json == project


def test_restore_of_another_version_is_rejected(
    ann: Client, deleted: dict[str, Any]
) -> None:
    path = f"projects/{deleted['id']}/restore"

    response = ann.post(path, headers={"If-Match": '"1"'})

    assert_problem(response, 412, "precondition-failed")


@pytest.mark.parametrize("first", ["", "?permanent=true"])
def test_permanently_deleted_project_cannot_be_restored(
    ann: Client, app: Flask, first: str
) -> None:
    project = create_project(ann)
    ann.delete(f"projects/{project['id']}{first}")

    ann.delete(f"projects/{project['id']}?permanent=true")

    assert_problem(ann.post(f"projects/{project['id']}/restore"), 404, "not-found")
    assert ann.get("projects?deleted=true").json["items"] == []
    assert purge(app)["rows of deleted projects"] == 1
    assert not exists(app, project)


def test_purge_deletes_projects_after_trash_days(
    ann: Client, app: Flask, deleted: dict[str, Any]
) -> None:
    kept = create_project(ann)

    before = purge(app)["rows of deleted projects"]
    with later(days(30)):
        after = purge(app)["rows of deleted projects"]

    assert (before, after) == (0, 1)
    assert (exists(app, deleted), exists(app, kept)) == (False, True)


def test_background_job_deletes_marked_projects(ann: Client, app: Flask) -> None:
    project = create_project(ann)
    mail.work_available.clear()
    ann.delete(f"projects/{project['id']}?permanent=true")
    assert mail.work_available.is_set()

    maintenance.run_due(app, maintenance.Schedule(float("inf"), float("inf")))

    assert not exists(app, project)
