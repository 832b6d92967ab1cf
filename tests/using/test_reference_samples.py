"""Code samples of the API reference, which run against a server."""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import reference

from tests.helpers.client import API
from tests.helpers.code_samples import sample
from tests.helpers.server import Server
from tests.using.conftest import need

pytestmark = pytest.mark.slow

OPERATIONS = (
    "register",
    "log_in",
    "create_task",
    "list_tasks",
    "get_task",
    "update_task",
    "delete_task",
    "bulk_tasks",
    "export_tasks",
    "import_tasks",
)
"""The operations that clients use most."""

PASSWORD = "correct horse battery staple"
FILE = "id,title,tags\r\n1,Water the plants,garden\r\n"
Command = list[str]
COMMANDS: dict[str, Callable[[str], Command]] = {
    "curl": lambda source: [
        need("bash"),
        "-c",
        f'curl() {{ command {need("curl")} -sS --fail-with-body "$@"; }}; {source}',
    ],
    "Python": lambda source: [sys.executable, "-c", source],
    "TypeScript": lambda source: [need("node"), "--input-type=module", "-e", source],
}


class User(NamedTuple):
    """An account with a task, whose version is 1."""

    name: str
    access_token: str
    task_id: int


def new_name() -> str:
    return f"ann-{secrets.token_hex(4)}"


@pytest.fixture
def user(service: Server) -> User:
    """Return a new account with a task."""
    name = new_name()
    fields = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    assert service.call("POST", f"{API}/auth/register", fields).status == 201
    login = {"username": name, "password": PASSWORD}
    token = service.call("POST", f"{API}/auth/login", login).json["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    task = service.call("POST", f"{API}/tasks", {"title": "Sow"}, headers)
    return User(name, token, task.json["id"])


@pytest.mark.parametrize("language", COMMANDS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_sample_runs_without_an_error(
    operation: str, language: str, service: Server, user: User, tmp_path: Path
) -> None:
    (tmp_path / "tasks.csv").write_text(FILE, newline="")
    name = new_name() if operation == "register" else user.name
    source = sample(operation, language)
    source = source.replace(reference.URL, f"http://127.0.0.1:{service.port}")
    source = source.replace("/tasks/7", f"/tasks/{user.task_id}")
    source = re.sub(r"\bann\b", name, source.replace('"3"', '"1"'))

    process = subprocess.run(  # noqa: S603 - the samples
        COMMANDS[language](source),
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "TOKEN": user.access_token},
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 0, process.stdout + process.stderr
    assert bool(process.stdout) == (operation != "delete_task")
