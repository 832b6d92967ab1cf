"""Faults of everything around the service, shortly; at length with SOAK=1."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOAK = bool(os.environ.get("SOAK"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("faults")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that a program running as nobody can reach, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="taskapi-") as name:
        Path(name).chmod(0o755)
        yield Path(name)
