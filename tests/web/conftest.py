"""Fixture for a client of an app with a failing view."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.helpers.client import Client

SECRET = "SELECT hunter2 FROM vault"


def fail() -> None:
    """Raise an unexpected error."""
    raise RuntimeError(SECRET)


@pytest.fixture
def failing(app_with: Callable[..., Flask]) -> Client:
    """Return a client of an app with a view that fails, at /fails."""
    broken = app_with()
    broken.add_url_rule("/fails", view_func=fail, methods=["GET", "POST"])
    return Client(broken)
