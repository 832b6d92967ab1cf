"""Programs of package.json that check or use the OpenAPI document."""

import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MISSING = "needs Node.js with npm, and `make test` to fetch what package.json names"
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def run(name: str, *arguments: str) -> tuple[int, str]:
    """Run a program; return its status and output. Without it, skip, or fail in CI."""
    program = HERE / "node_modules" / ".bin" / name
    if not program.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    process = subprocess.run(  # noqa: S603 - pinned by package-lock.json
        [program, *arguments],
        cwd=HERE,
        env=os.environ | QUIET,
        capture_output=True,
        text=True,
        check=False,
    )
    return process.returncode, process.stdout + process.stderr
