"""CPU time of requests compared with a bare WSGI app.

Both run alternately in one process, and the lower quartile of the ratios of their CPU
times counts, so the speed of the machine has little effect. Other load slows the larger
app more than the bare one, so these tests run separately (marker `slow`).
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import KINDS
from tests.helpers.databases import new_databases

pytestmark = pytest.mark.slow  # alone, since it compares processor times

CHECKOUT = Path(__file__).parent.parent
SLACK = 1.25
MEASURED = {
    "sqlite": {"get": 3.2, "list": 2.15, "create": 2.5},
    "postgresql": {"get": 2.2, "list": 1.85, "create": 2.3},
}


@pytest.fixture(scope="module", params=KINDS)
def ratios(
    request: pytest.FixtureRequest,
    make_app: Callable[..., Flask],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, float]:
    """Return the measured ratio of each operation, divided by the recorded one."""
    with new_databases(tmp_path_factory.mktemp("speed"), make_app) as make:
        url = make(request.param).extensions["settings"].database_url
        measured = measure(url)
    recorded = MEASURED[request.param]
    return {name: measured[name]["ratio"] / recorded[name] for name in recorded}


def measure(url: str) -> dict[str, dict[str, float]]:
    """Run the benchmark in a separate process."""
    env = os.environ | {"DATABASE_URL": url, "SECRET_KEY": secrets.token_hex(32)}
    command = [sys.executable, "-m", "bench.in_process"]
    process = subprocess.run(  # noqa: S603 - our own module
        command, check=True, cwd=CHECKOUT, env=env, capture_output=True
    )
    results: dict[str, dict[str, float]] = json.loads(process.stdout)
    return results


@pytest.mark.parametrize("operation", ["get", "list", "create"])
def test_request_needs_no_more_cpu_than_recorded(
    ratios: dict[str, float], operation: str
) -> None:
    assert ratios[operation] <= SLACK
