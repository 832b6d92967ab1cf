"""A task to begin with, and a service that insists on If-Match."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.auth.conftest import twin
from tests.support import Client

__all__ = ["twin"]


@pytest.fixture
def task(ann: Client) -> dict[str, Any]:
    """Return a task of Ann's."""
    return ann.make_task()


@pytest.fixture
def strict_ann(ann: Client, twin: Callable[..., Flask]) -> Client:
    """Return Ann where REQUIRE_IF_MATCH is set."""
    strict = Client(twin(require_if_match=True), ann.name)
    strict.tokens = ann.tokens
    return strict
