"""Projects, members and restricted keys of tests."""

from typing import Any

from taskapi import db
from taskapi.projects import service
from taskapi.projects.models import ProjectRole
from tests.api_keys.clients import KeyClient, create_key
from tests.helpers.client import Client


def create_project(owner: Client, name: str = "Garden") -> dict[str, Any]:
    """Create a project by a request."""
    response = owner.post("projects", {"name": name})
    assert response.status_code == 201, response.text
    project: dict[str, Any] = response.json
    return project


def add_member(project: dict[str, Any], client: Client, role: str = "editor") -> None:
    """Insert a membership."""
    with client.app.app_context(), db.transaction():
        service.add_member(project["id"], client.user["id"], ProjectRole(role))


def restricted_key(owner: Client, project_id: int, *scopes: str) -> KeyClient:
    """Return a client with a key that reaches one project only."""
    chosen = list(scopes) or ["tasks:read", "tasks:write"]
    key = create_key(owner, scopes=chosen, project_id=project_id)
    return KeyClient(owner, key["api_key"])


def with_session(key: KeyClient, owner: Client) -> KeyClient:
    """Return the client of a key that also sends the token of the owner."""
    key.tokens = owner.tokens
    return key
