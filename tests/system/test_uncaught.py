"""Uncaught errors and warnings, which are logged as JSON."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.helpers.server import ROOT

BEGIN = """
import threading, warnings
from taskapi.observability import logs as log
log.configure("INFO")
log.log_uncaught()
"""
PROGRAM = (
    BEGIN
    + """
warnings.warn("example warning")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
type("T", (), {"__del__": lambda self: 1 / 0})()
1 / 0
"""
)


@pytest.fixture(scope="module")
def lines() -> dict[str, dict[str, Any]]:
    """Run the program and return the lines of its log by event."""
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(  # noqa: S603 - a program of this test
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return {line["event"]: line for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("event", ["crashed", "thread crashed", "error ignored"])
def test_uncaught_error_is_logged(lines: dict[str, Any], event: str) -> None:
    line = lines[event]

    assert line["level"] == "error"
    assert line["exception"].endswith("ZeroDivisionError: division by zero")


def test_python_warning_is_logged(lines: dict[str, Any]) -> None:
    (line,) = (line for event, line in lines.items() if "example warning" in event)

    assert line["level"] == "warning"
    assert "UserWarning: example warning" in line["event"]
