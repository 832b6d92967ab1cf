"""Where the lines of the log go, and what becomes of requests when they cannot."""

from pathlib import Path

import pytest

from taskapi.log import OUTPUT
from tests.support import Client


def test_a_line_that_cannot_be_written_stops_no_request(
    ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("w") as disk:
        monkeypatch.setattr(OUTPUT, "stream", disk)

        answer = ann.get("tasks")

    assert answer.status_code == 200
