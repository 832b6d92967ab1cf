"""What operators type, and how a refusal looks."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy import make_url

from tests.system.server import environment
from tests.system.sql import execute

ROOT = Path(__file__).parents[2]
FLASK = str(Path(sys.executable).with_name("flask"))
TABLES = {
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'",
}

SERVED = {
    "environment": "production",
    "public_url": "https://tasks.example.org",
    "trusted_hosts": ("tasks.example.org",),
    "trusted_proxies": 1,
    "registration": "closed",
    "ratelimit_enabled": True,
    "threads": 4,
}


def refusal(app: Flask, *words: str | Path) -> str:
    """Run a command that is refused, and return the one line that says why."""
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)
    done = app.test_cli_runner().invoke(cli, [str(word) for word in words])
    return one_line(done.exit_code, done.stderr)


def one_line(status: int, said: str) -> str:
    assert status == 1, said
    assert said.startswith("Error: "), said
    assert said.count("\n") == 1, said
    return said


def start(
    app: Flask,
    *words: str | Path,
    variables: dict[str, str] | None = None,
    **options: Any,
) -> subprocess.CompletedProcess[str]:
    """Run the command on an app's database, in a process of its own."""
    settings = app.extensions["settings"]
    same = {"DATABASE_URL": settings.database_url, "SECRET_KEY": settings.secret_key}
    wanted = environment(**same | {"ENVIRONMENT": "testing"} | (variables or {}))
    command = [FLASK, *words]
    return subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=ROOT,
        env=wanted,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        **options,
    )


def kind_of(app: Flask) -> str:
    url = make_url(app.extensions["settings"].database_url)
    return url.get_backend_name()


def tables(app: Flask) -> int:
    """Count the tables; a file that is not there has none, and is not made."""
    url = make_url(app.extensions["settings"].database_url)
    if kind_of(app) == "sqlite" and not Path(str(url.database)).exists():
        return 0
    return int(execute(app, TABLES[kind_of(app)])[0][0])


def examined(app: Flask) -> dict[str, dict[str, str]]:
    """Return what the doctor says of each check."""
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)
    done = app.test_cli_runner().invoke(cli, ["doctor", "--json"])
    findings = json.loads(done.stdout)
    broken = any(one["state"] == "fail" for one in findings)
    assert done.exit_code == broken, done.output
    return {one["check"]: one for one in findings}


def states(app: Flask) -> dict[str, str]:
    return {check: one["state"] for check, one in examined(app).items()}
