"""Machine, versions, date and commit of a run."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from bench.paths import ROOT

PACKAGES = [
    *("flask", "werkzeug", "sqlalchemy", "marshmallow", "gunicorn", "psycopg"),
    *("orjson", "pyjwt", "bcrypt"),
    *("fastapi", "starlette", "pydantic", "uvicorn", "uvloop", "httptools", "asyncpg"),
]


def describe() -> dict[str, Any]:
    """Return them, without the names of hosts, folders and persons."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "machine": {
            "processor": _line("/proc/cpuinfo", "model name"),
            "cores": len(os.sched_getaffinity(0)),
            "memory_gb": round(_memory_kb() / 1024**2),
            "system": platform.system(),
        },
        "versions": {
            "Python": platform.python_version(),
            "wrk": _wrk_version(),
            **{name: metadata.version(name) for name in PACKAGES},
        },
    }


def commit() -> str:
    """Return the measured commit, with "-dirty" if files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]
    process = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    return process.stdout.strip() or "unknown"


def _memory_kb() -> int:
    return int((_line("/proc/meminfo", "MemTotal") or "0").split()[0])


def _line(file: str, name: str) -> str:
    for line in Path(file).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return ""


def _wrk_version() -> str:
    process = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False)
    return process.stdout.split()[1]
