"""A project with two members."""

from typing import Any

import pytest

from tests.helpers.client import Client
from tests.projects.support import add_member, create_project


@pytest.fixture
def project(ann: Client, bob: Client) -> dict[str, Any]:
    """Return a project of Ann in which Bob is an editor."""
    created = create_project(ann)
    add_member(created, bob)
    return created
