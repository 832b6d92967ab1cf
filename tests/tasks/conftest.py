"""A client of an app that requires If-Match, and a team."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.helpers.client import Client
from tests.tasks.teams import Team


@pytest.fixture
def strict_ann(ann: Client, app_with: Callable[..., Flask]) -> Client:
    """Return a client of an app with REQUIRE_IF_MATCH."""
    strict = Client(app_with(require_if_match=True), ann.name)
    strict.tokens = ann.tokens
    return strict


@pytest.fixture
def team(app: Flask) -> Team:
    """Return the members of a project, and another user."""
    return Team(app)
