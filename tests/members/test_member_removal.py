"""Removal of members by owners and by themselves."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select

from taskapi import clock, db
from taskapi.api_keys.models import ApiKey
from taskapi.invitations.models import Invitation
from taskapi.projects.models import ProjectRole
from tests.helpers.client import Client, assert_problem
from tests.helpers.rows import store_user
from tests.members.support import path
from tests.projects.support import (
    add_member,
    create_project,
    restricted_key,
    with_session,
)


def invite(app: Flask, project: dict[str, Any], **address: Any) -> None:
    """Insert an invitation."""
    now = clock.now()
    times = {"created_at": now, "updated_at": now, "expires_at": now + timedelta(7)}
    values = {"project_id": project["id"], "role": ProjectRole.VIEWER}
    with app.app_context(), db.transaction():
        db.session.execute(insert(Invitation).values(values | times | address))


def stored(app: Flask, column: Any) -> list[Any]:
    with app.app_context():
        return [row[0] for row in db.read(select(column).order_by(column))]


def test_owner_removes_a_member(
    ann: Client, bob: Client, project: dict[str, Any]
) -> None:
    response = ann.delete(path(project, bob))

    assert (response.status_code, response.data) == (204, b"")
    assert ann.get(f"projects/{project['id']}").json == project
    assert_problem(bob.get(f"projects/{project['id']}"), 404, "not-found")
    assert [one["name"] for one in bob.get("projects").json["items"]] == ["Personal"]


@pytest.mark.parametrize("role", ["viewer", "editor", "owner"])
def test_member_leaves_a_project(ann: Client, bob: Client, role: str) -> None:
    project = create_project(ann)
    add_member(project, bob, role)

    response = bob.delete(path(project, bob))

    assert response.status_code == 204
    assert_problem(bob.delete(path(project, bob)), 404, "not-found")


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_removal_of_others_requires_an_owner(
    ann: Client, bob: Client, role: str
) -> None:
    project = create_project(ann)
    add_member(project, bob, role)

    for target in (path(project, ann), path(project, ann) + "0"):
        assert_problem(bob.delete(target), 403, "role-required")

    assert ann.get(f"projects/{project['id']}").json["member_count"] == 2


def test_last_owner_cannot_leave(ann: Client, project: dict[str, Any]) -> None:
    problem = assert_problem(ann.delete(path(project, ann)), 409, "last-owner")

    assert problem["project_ids"] == [project["id"]]


def test_personal_project_cannot_be_left(ann: Client) -> None:
    response = ann.delete(path({"id": ann.project_id}, ann))

    assert_problem(response, 409, "personal-project")


def test_removal_of_no_member_is_not_found(ann: Client, bob: Client) -> None:
    project = create_project(ann)

    assert_problem(ann.delete(path(project, bob)), 404, "not-found")
    assert_problem(bob.delete(path(project, ann)), 404, "not-found")
    assert_problem(bob.delete(path(project, bob)), 404, "not-found")


def test_removal_revokes_keys_for_the_project_only(
    ann: Client, bob: Client, app: Flask, project: dict[str, Any]
) -> None:
    key = restricted_key(bob, project["id"])
    kept = restricted_key(bob, bob.project_id)
    restricted_key(ann, project["id"])

    ann.delete(path(project, bob))

    assert_problem(key.get("projects"), 401, "api-key-invalid")
    assert kept.get("projects").status_code == 200
    assert len(stored(app, ApiKey.id)) == 2


def test_removal_deletes_invitations_of_the_account_to_the_project(
    ann: Client, bob: Client, app: Flask, project: dict[str, Any]
) -> None:
    other = create_project(ann)
    store_user(bob, email_verified=True)
    invite(app, project, username="bob", user_id=bob.user["id"])
    invite(app, project, email="bob@example.org")
    invite(app, project, email="carl@example.org")
    invite(app, project, token_hash="x" * 64)
    invite(app, other, email="bob@example.org")

    ann.delete(path(project, bob))

    left = {(one.project_id, one.email) for one in rows(app)}
    assert left == {
        (project["id"], "carl@example.org"),
        (project["id"], None),
        (other["id"], "bob@example.org"),
    }


def rows(app: Flask) -> list[Any]:
    with app.app_context():
        return list(db.read(select(Invitation.__table__)))


def test_removal_keeps_invitations_to_an_unverified_address(
    ann: Client, bob: Client, app: Flask, project: dict[str, Any]
) -> None:
    invite(app, project, email="bob@example.org")

    ann.delete(path(project, bob))

    assert len(rows(app)) == 1


def test_member_leaves_with_a_key_for_the_project(
    bob: Client, project: dict[str, Any]
) -> None:
    key = with_session(restricted_key(bob, project["id"]), bob)

    response = key.delete(path(project, bob))

    assert response.status_code == 204
    assert_problem(key.get("projects"), 401, "api-key-invalid")


def test_restricted_key_removes_no_member_elsewhere(
    ann: Client, bob: Client, project: dict[str, Any]
) -> None:
    key = with_session(restricted_key(ann, ann.project_id), ann)

    assert_problem(key.delete(path(project, bob)), 404, "not-found")


def test_removal_is_at_most_eight_statements(
    ann: Client, bob: Client, project: dict[str, Any], statements: list[str]
) -> None:
    restricted_key(bob, project["id"])
    statements.clear()

    ann.delete(path(project, bob))

    assert len(statements) <= 8
