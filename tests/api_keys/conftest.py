"""Fixtures of API keys, shared with the tests of auth."""

import pytest

from tests.api_keys.clients import KeyClient, key_client
from tests.helpers.cli import run
from tests.helpers.client import Client


@pytest.fixture
def script(ann: Client) -> KeyClient:
    """Return a client with a key of Ann that has the default scopes."""
    return key_client(ann)


@pytest.fixture
def admin(ann: Client) -> Client:
    """Return a client that is logged in as an administrator."""
    run(ann.app, "users", "promote", "ann@example.org")
    return ann
