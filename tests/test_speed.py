"""A request costs no more beside bare WSGI than it did when it was measured.

Both run in one process in turn, and the lower quartile of their ratios counts, in CPU
time: so the machine matters little. Who works beside them matters to the larger one, so
that `make test` runs this by itself.
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
    """Return by operation how often the time of bare WSGI is needed, of the allowed."""
    with new_databases(tmp_path_factory.mktemp("speed"), make_app) as make:
        url = make(request.param).extensions["settings"].database_url
        figures = measure(url)
    allowed = MEASURED[request.param]
    return {name: figures[name]["ratio"] / allowed[name] for name in allowed}


def measure(url: str) -> dict[str, dict[str, float]]:
    """Run the benchmark in a process of its own."""
    env = os.environ | {"DATABASE_URL": url, "SECRET_KEY": secrets.token_hex(32)}
    command = [sys.executable, "-m", "bench.in_process"]
    ran = subprocess.run(  # noqa: S603 - our own module
        command, check=True, cwd=CHECKOUT, env=env, capture_output=True
    )
    figures: dict[str, dict[str, float]] = json.loads(ran.stdout)
    return figures


@pytest.mark.parametrize("operation", ["get", "list", "create"])
def test_a_request_costs_what_it_did(ratios: dict[str, float], operation: str) -> None:
    assert ratios[operation] <= SLACK
