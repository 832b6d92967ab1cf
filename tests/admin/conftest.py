"""Fixtures of administration, shared with the tests of auth."""

import pytest
from flask import Flask

from tests.helpers.cli import run
from tests.helpers.client import Client

ROOT = "root@example.org"


@pytest.fixture
def root(app: Flask) -> Client:
    """Return the only administrator, logged in."""
    made = Client(app, "root").register()
    run(app, "users", "promote", ROOT)
    made.log_in()
    made.user = made.get("users/me").json
    return made
