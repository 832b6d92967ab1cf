"""A task to try things on, apps beside the usual one, and one that fails."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.auth.conftest import twin
from tests.support import Client
from tests.tasks.conftest import task

__all__ = ["task", "twin"]

SECRET = "SELECT hunter2 FROM vault"


def fail() -> None:
    """Fail as no view should."""
    raise RuntimeError(SECRET)


@pytest.fixture
def failing(twin: Callable[..., Flask]) -> Client:
    """Return a client of an app with a view that fails, at /fails."""
    broken = twin(log_level="CRITICAL")
    broken.add_url_rule("/fails", view_func=fail, methods=["GET", "POST"])
    return Client(broken)
