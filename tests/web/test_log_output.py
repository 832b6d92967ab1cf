"""Requests while the log cannot be written."""

import io
from errno import ENOSPC

import pytest

from taskapi.observability.logs import OUTPUT
from tests.helpers.client import Client


class FullDisk(io.StringIO):
    """A file on a full disk."""

    def write(self, _text: str) -> int:
        """Fail as the disk does."""
        raise OSError(ENOSPC, "No space left on device")


def test_failed_log_write_does_not_fail_the_request(
    ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OUTPUT, "stream", FullDisk())

    response = ann.get("tasks")

    assert response.status_code == 200
