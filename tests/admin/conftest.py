"""Fixtures of administration, shared with the tests of auth."""

import pytest
from flask import Flask

from tests.helpers.client import Client
from tests.helpers.rows import store_user

ROOT = "root@example.org"


@pytest.fixture
def root(app: Flask) -> Client:
    """Return the only administrator, logged in."""
    made = Client(app, "root").sign_in()
    store_user(made, role="admin")
    made.user = made.get("users/me").json
    return made
