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
CASES = {
    "crashed": "1 / 0",
    "thread crashed": "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
    "error ignored": "type('T', (), {'__del__': lambda self: 1 / 0})()",
}


def logged(program: str) -> dict[str, Any]:
    """Run a program and return the one line of its log."""
    command = [sys.executable, "-c", BEGIN + program]
    done = subprocess.run(  # noqa: S603 - a program of this test
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    line: dict[str, Any] = json.loads(done.stdout)
    return line


@pytest.mark.parametrize(("event", "program"), CASES.items(), ids=CASES)
def test_uncaught_error_is_logged(event: str, program: str) -> None:
    line = logged(program)

    assert (line["event"], line["level"]) == (event, "error")
    assert line["exception"].endswith("ZeroDivisionError: division by zero")


def test_python_warning_is_logged() -> None:
    line = logged("warnings.warn('example warning')")

    assert line["level"] == "warning"
    assert "UserWarning: example warning" in line["event"]
