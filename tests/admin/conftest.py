"""What tests of administration share with those of auth, and an administrator."""

import pytest
from flask import Flask

from tests.backstage import run
from tests.support import Client

ROOT = "root@example.org"


@pytest.fixture
def root(app: Flask) -> Client:
    """Return the one administrator, who has logged in."""
    made = Client(app, "root").register()
    run(app, "users", "promote", ROOT)
    made.log_in()
    made.user = made.get("users/me").json
    return made
