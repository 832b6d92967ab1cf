"""Behaviour that commands share, and the commands for API keys and sessions."""

import re
from pathlib import Path
from unittest.mock import Mock

import pytest
from flask import Flask

from taskapi.admin import service
from taskapi.errors import Collision
from tests.helpers.client import PASSWORD, Client
from tests.helpers.commands import (
    Run,
    command_runner,
    create_admin,
    named,
    secret,
)
from tests.helpers.forked import run_flask


@pytest.fixture
def run(app: Flask) -> Run:
    """Return a function that runs `flask` with arguments and input."""
    return command_runner(app)


@pytest.fixture
def admin(app: Flask) -> Client:
    """Return the first administrator, logged in."""
    return create_admin(app)


@pytest.mark.one_database
@pytest.mark.parametrize(
    "arguments",
    [
        ["users", "promote"],
        ["users", "deactivate"],
        ["users", "reset-password", *secret(PASSWORD)],
        ["api-keys", "create", "--name", "cron"],
        ["api-keys", "list"],
        ["sessions", "end"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_unknown_account_is_reported(run: Run, arguments: list[str]) -> None:
    result = run(*arguments, "unknown")

    assert (result.exit_code, result.output) == (
        1,
        "Error: There is no account named unknown.\n",
    )


def test_commands_commit_in_a_separate_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/tasks.db"
    variables = {"DATABASE_URL": url, "BCRYPT_ROUNDS": "4"}
    create = ["users", "create", "--username", "ann", *secret(PASSWORD)]

    migrated = run_flask("db", "upgrade", variables=variables)
    made = run_flask(*create, variables=variables)
    key = run_flask(
        "api-keys", "create", "ann", "--name", "backup", variables=variables
    )

    assert (migrated.returncode, made.returncode) == (0, 0)
    assert re.fullmatch(r"tsk_\S+\n", key.stdout), "nothing else is piped"


def test_commands_commit_in_the_test_runner_of_flask(app: Flask, run: Run) -> None:
    create = ["users", "create", *named("ann"), *secret(PASSWORD)]

    made = app.test_cli_runner().invoke(args=create)

    assert made.exit_code == 0
    assert "ann@example.org" in run("users", "list").output


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["create", "root@example.org", "--name", ""], "name: Must have"),
        (["create", "root@example.org", "--name", "x" * 101], "name: Must have"),
        (["create", "root@example.org", "--name", "a\x00b"], "name: "),
        (["revoke", "root@example.org", "0"], "KEY_ID"),
        (["revoke", "root@example.org", "9" * 20], "KEY_ID"),
    ],
    ids=["empty", "long", "NUL", "no id", "long id"],
)
def test_api_key_commands_reject_invalid_values(
    run: Run, admin: Client, arguments: list[str], named: str
) -> None:
    result = run("api-keys", *arguments)

    assert result.exit_code != 0
    assert isinstance(result.exception, SystemExit)
    assert named in result.output
    assert len(run("api-keys", "list", "root@example.org").output.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["users", "list"], ["purge"]], ids=" ".join)
def test_missing_schema_is_reported(tmp_path: Path, arguments: list[str]) -> None:
    variables = {"DATABASE_URL": f"sqlite:///{tmp_path}/tasks.db"}

    result = run_flask(*arguments, variables=variables)

    assert result.returncode == 1
    message = result.stderr.splitlines()[-1]
    assert message.startswith(
        "Error: The database is unreachable or has no current schema"
    )


@pytest.mark.one_database
def test_collision_with_a_request_is_reported(
    run: Run, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "change", Mock(side_effect=Collision))

    result = run("users", "promote", "root@example.org")

    assert result.exit_code == 1
    assert result.output == (
        "Error: A request changed the same data at the same time. "
        "Run the command again.\n"
    )
