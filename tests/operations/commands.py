"""Helpers that run commands in the test process or in a separate one."""

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy import make_url

from tests.helpers.forked import run_flask
from tests.helpers.server import environment
from tests.helpers.sql import execute

TABLES = {
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'",
}

PRODUCTION = {
    "environment": "production",
    "public_url": "https://tasks.example.org",
    "trusted_hosts": ("tasks.example.org",),
    "trusted_proxies": 1,
    "registration": "closed",
    "ratelimit_enabled": True,
    "threads": 4,
}


def run_failing(app: Flask, *arguments: str | Path) -> str:
    """Run a command that fails, and return its one-line error message."""
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)
    result = app.test_cli_runner().invoke(
        cli, [str(argument) for argument in arguments]
    )
    return error_line(result.exit_code, result.stderr)


def error_line(status: int, output: str) -> str:
    """Return the output of a command that failed with a one-line message."""
    assert status == 1, output
    assert output.startswith("Error: "), output
    assert output.count("\n") == 1, output
    return output


def run_process(
    app: Flask,
    *arguments: str | Path,
    variables: dict[str, str] | None = None,
    **options: Any,
) -> CompletedProcess[str]:
    """Run a command on the database of an app, in a separate process."""
    settings = app.extensions["settings"]
    same = {"DATABASE_URL": settings.database_url, "SECRET_KEY": settings.secret_key}
    wanted = environment(**same | {"ENVIRONMENT": "testing"} | (variables or {}))
    return run_flask(*arguments, variables=wanted, **options)


def database_kind(app: Flask) -> str:
    url = make_url(app.extensions["settings"].database_url)
    return url.get_backend_name()


def table_count(app: Flask) -> int:
    """Return the number of tables, without creating an SQLite file."""
    url = make_url(app.extensions["settings"].database_url)
    if database_kind(app) == "sqlite" and not Path(str(url.database)).exists():
        return 0
    return int(execute(app, TABLES[database_kind(app)])[0][0])


def run_doctor(app: Flask) -> dict[str, dict[str, str]]:
    """Return the finding of each check of `flask doctor`."""
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)
    result = app.test_cli_runner().invoke(cli, ["doctor", "--json"])
    findings = json.loads(result.stdout)
    broken = any(one["state"] == "fail" for one in findings)
    assert result.exit_code == broken, result.output
    return {one["check"]: one for one in findings}


def doctor_states(app: Flask) -> dict[str, str]:
    return {check: one["state"] for check, one in run_doctor(app).items()}
