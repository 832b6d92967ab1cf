"""A Python client that openapi-python-client generates from the document."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.client import PASSWORD
from tests.helpers.server import Server
from tests.using.conftest import Account

PROGRAM = str(Path(sys.executable).with_name("openapi-python-client"))
OPTIONS = ("--meta", "none", "--output-path", "generated_client", "--fail-on-warning")


CONFIG = """
post_hooks: []
content_type_overrides:
  application/x-ndjson: application/octet-stream
  text/csv: application/octet-stream
"""


def part(name: str) -> Any:
    """Return a module of the client."""
    return importlib.import_module(f"generated_client.{name}")


@pytest.fixture(scope="module")
def client(service: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return the client package that is generated from the live document."""
    folder = tmp_path_factory.mktemp("python")
    (folder / "openapi.json").write_bytes(service.call("GET", "/openapi.json").body)
    (folder / "config.yml").write_text(CONFIG)
    read = ("--path", "openapi.json", "--config", "config.yml")
    command = [PROGRAM, "generate", *read, *OPTIONS]
    process = subprocess.run(  # noqa: S603 - a program of our own environment
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stdout + process.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module("generated_client")


@pytest.fixture
def caller(client: Any, account: Account) -> Iterator[Any]:
    """Return a client that is logged in."""
    authenticated = client.AuthenticatedClient(account.address, account.access_token)
    with authenticated:
        yield authenticated


def create(caller: Any, title: str, **options: Any) -> Any:
    body = part("models").TaskCreate(title=title)
    module = part("api.tasks.create_task")
    return module.sync_detailed(client=caller, body=body, **options)


def complete(caller: Any, task: Any, etag: str) -> Any:
    models = part("models")
    body = models.TaskUpdate(status=models.TaskStatus.COMPLETED)
    change = part("api.tasks.update_task").sync
    return change(task.id, client=caller, body=body, if_match=etag)


def test_generated_client_registers_and_logs_in(client: Any, service: Server) -> None:
    names = {"username": "generated", "password": PASSWORD}
    models = part("models")

    with client.Client(f"http://127.0.0.1:{service.port}") as anonymous:
        registration = models.UserCreate(**names)
        user = part("api.auth.register").sync(client=anonymous, body=registration)
        login = models.LoginRequest(**names)
        tokens = part("api.auth.log_in").sync(client=anonymous, body=login)

    assert user.username == "generated"
    assert tokens.token_type == "bearer"


def test_generated_client_logs_in_by_oauth(client: Any, account: Account) -> None:
    models = part("models")
    names = {"username": account.name, "password": PASSWORD}

    with client.Client(account.address) as anonymous:
        grant = models.TokenRequest(models.GrantType.PASSWORD, **names)
        tokens = part("api.auth.issue_token").sync(client=anonymous, body=grant)

    assert tokens.token_type == "bearer"


def test_generated_client_creates_a_task_once(caller: Any) -> None:
    created = create(caller, "Sow", idempotency_key="sow")

    again = create(caller, "Sow", idempotency_key="sow")

    assert again.parsed.id == created.parsed.id
    assert again.headers["Idempotency-Replayed"] == "true"


def test_generated_client_updates_only_the_version_it_read(caller: Any) -> None:
    created = create(caller, "Sow")

    changed = complete(caller, created.parsed, created.headers["ETag"])
    stale = complete(caller, created.parsed, created.headers["ETag"])

    assert changed.status == "completed"
    assert (stale.status, stale.code) == (412, "precondition-failed")
    assert stale.to_dict()["current_version"] == 2


def test_generated_client_follows_cursors_to_the_end(caller: Any) -> None:
    created = {create(caller, title).parsed.id for title in ("Sow", "Water", "Weed")}
    page_of = part("api.tasks.list_tasks").sync
    wanted = list(part("models").TaskStatus)

    first = page_of(client=caller, limit=2, status=wanted)
    last = page_of(client=caller, limit=2, status=wanted, cursor=first.next_cursor)

    assert {task.id for task in [*first.items, *last.items]} == created
    assert last.next_cursor is None


def test_generated_client_parses_the_problem(caller: Any) -> None:
    problem = create(caller, "").parsed

    (error,) = problem.errors
    assert (problem.code, error.pointer) == ("validation-error", "#/title")
