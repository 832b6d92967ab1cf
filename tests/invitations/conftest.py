"""A shared project, and accounts that are invited to it."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.helpers.client import Client
from tests.invitations.support import named
from tests.projects.support import create_project

Invite = Callable[..., dict[str, Any]]


@pytest.fixture
def ann(ann: Client) -> Client:
    """Return Ann, who owns the project."""
    return named(ann)


@pytest.fixture
def bob(bob: Client) -> Client:
    """Return Bob, who is not a member."""
    return named(bob)


@pytest.fixture
def carl(app: Flask) -> Client:
    """Return another account that is not a member."""
    return named(Client(app, "carl").sign_in())


@pytest.fixture
def project(ann: Client) -> dict[str, Any]:
    """Return a shared project of Ann."""
    return create_project(ann)


@pytest.fixture
def invite(ann: Client, project: dict[str, Any]) -> Invite:
    """Return a function that creates an invitation of Ann."""

    def create(**fields: Any) -> dict[str, Any]:
        response = ann.post(f"projects/{project['id']}/invitations", fields)
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json
        return created

    return create
