"""What the figures depend on: machine, versions, date, commit."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from bench.paths import ROOT

PACKAGES = [
    *("flask", "werkzeug", "sqlalchemy", "marshmallow", "gunicorn", "psycopg"),
    *("orjson", "pyjwt", "bcrypt"),
    *("fastapi", "starlette", "pydantic", "uvicorn", "uvloop", "httptools", "asyncpg"),
]


def describe() -> dict[str, object]:
    """Return it, without names of hosts, places and people."""
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
            "wrk": _wrk(),
            **{name: metadata.version(name) for name in PACKAGES},
        },
    }


def commit() -> str:
    """Return the commit that is measured, marked where files differ from it."""
    words = ["git", "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _memory_kb() -> int:
    return int((_line("/proc/meminfo", "MemTotal") or "0").split()[0])


def _line(file: str, name: str) -> str:
    for line in Path(file).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return ""


def _wrk() -> str:
    done = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False)
    return done.stdout.split()[1]
