"""Accounts and invitations of tests."""

from typing import Any

from flask import Flask
from sqlalchemy import insert, update

from taskapi import clock, db
from taskapi.invitations.models import Invitation
from taskapi.projects.models import Project, ProjectRole, memberships
from taskapi.users.models import User
from tests.helpers.client import PASSWORD, Client
from tests.helpers.rows import store_user
from tests.helpers.sql import execute


def named(client: Client) -> Client:
    """Give an account its name as the username."""
    store_user(client, username=client.name)
    return client


def verified(client: Client) -> Client:
    """Mark the email of an account as verified."""
    store_user(client, email_verified=True)
    return client


def another(app: Flask, name: str) -> Client:
    """Return a client that is logged in to an account with this username."""
    return named(Client(app, name).sign_in())


def received(client: Client) -> list[int]:
    """Return the ids of the invitations to an account, newest first."""
    return [one["id"] for one in client.get("invitations").json["items"]]


def sent(owner: Client, project: dict[str, Any]) -> list[int]:
    """Return the ids of the open invitations to a project, newest first."""
    response = owner.get(f"projects/{project['id']}/invitations")
    return [one["id"] for one in response.json["items"]]


def role_of(client: Client, project: dict[str, Any]) -> str | None:
    """Return the role of an account in a project; None for no member."""
    response = client.get(f"projects/{project['id']}")
    return response.json["role"] if response.status_code == 200 else None


def members(app: Flask, project: dict[str, Any]) -> list[int]:
    """Return the ids of the members of a project."""
    statement = "SELECT user_id FROM memberships WHERE project_id = :id"
    return sorted(row[0] for row in execute(app, statement, id=project["id"]))


def stored(app: Flask) -> list[Any]:
    """Return the addresses, the hash and the account of each invitation."""
    columns = "username, email, token_hash, user_id"
    return execute(app, f"SELECT {columns} FROM invitations ORDER BY id")  # noqa: S608 - names of columns


def expire(app: Flask, invitation: dict[str, Any]) -> None:
    """Let an invitation expire now."""
    statement = update(Invitation).where(Invitation.id == invitation["id"])
    expired = statement.values(expires_at=Invitation.created_at)
    with app.app_context(), db.transaction():
        db.session.execute(expired)


def delete_account(client: Client) -> None:
    """Delete the account of a client by a request."""
    response = client.delete("users/me", {"password": PASSWORD})
    assert response.status_code == 204, response.text


def leave(client: Client, project: dict[str, Any]) -> None:
    """Delete a membership, if there is one."""
    execute(
        client.app,
        "DELETE FROM memberships WHERE user_id = :user_id AND project_id = :project_id",
        user_id=client.user["id"],
        project_id=project["id"],
    )


def fill_account(client: Client, _project: dict[str, Any], number: int) -> None:
    """Insert memberships of an account in new projects, up to a number."""
    projects = [{"name": "Field"} for _ in range(number - 1)]
    with client.app.app_context(), db.transaction():
        created = insert(Project).returning(Project.id)
        ids = db.session.scalars(created, projects).all()
        _insert_viewers([(client.user["id"], one) for one in ids])


def fill_project(client: Client, project: dict[str, Any], number: int) -> None:
    """Insert accounts that are members of a project, up to a number."""
    users = [
        {"username": f"user{one}", "password_hash": "x"} for one in range(number - 1)
    ]
    with client.app.app_context(), db.transaction():
        created = insert(User).returning(User.id)
        ids = db.session.scalars(created, users).all()
        _insert_viewers([(one, project["id"]) for one in ids])


def _insert_viewers(rows: list[tuple[int, int]]) -> None:
    values = [
        {"user_id": user_id, "project_id": project_id, "role": ProjectRole.VIEWER}
        for user_id, project_id in rows
    ]
    now = {"created_at": clock.now()}
    db.session.execute(insert(memberships), [one | now for one in values])
