"""Where the lines of the log go, and what becomes of requests when they cannot."""

import io
from errno import ENOSPC

import pytest

from taskapi.observability.logs import OUTPUT
from tests.support import Client


class FullDisk(io.StringIO):
    """A file on a disk without room."""

    def write(self, _text: str) -> int:
        """Fail as the disk does."""
        raise OSError(ENOSPC, "No space left on device")


def test_a_line_that_cannot_be_written_stops_no_request(
    ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OUTPUT, "stream", FullDisk())

    answer = ann.get("tasks")

    assert answer.status_code == 200
