"""`flask seed`: something to look at, for who tries the service out."""

import re
import shlex
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from click.testing import Result
from flask import Flask
from flask.cli import FlaskGroup

from config import Environment
from tests.api_keys.holding import Holder
from tests.support import Client

Run = Callable[..., Result]


def seed(app: Flask, *words: str) -> Result:
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)
    return app.test_cli_runner().invoke(cli, ["seed", *words])


def said(output: str, name: str) -> str:
    """Return what the command calls by this name."""
    return re.search(rf"^  {name} +(\S+)$", output, re.MULTILINE)[1]


@pytest.fixture
def output(app: Flask) -> str:
    """Return what the command printed, once it has made the account."""
    done = seed(app)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def demo(app: Flask, output: str) -> Client:
    """Return a script that holds the printed key."""
    return Holder(Client(app), said(output, "API key"))


def test_the_printed_login_opens_the_account(anyone: Client, output: str) -> None:
    login = {n: said(output, n) for n in ("username", "password")}

    assert anyone.post("auth/login", login).status_code == 200


def test_the_printed_line_lists_what_is_open(anyone: Client, output: str) -> None:
    _, _, header, address = shlex.split(output.splitlines()[-1])
    name, _, text = header.partition(": ")
    asked = urlsplit(address)

    answer = anyone.get(f"{asked.path}?{asked.query}", headers={name: text})

    assert (asked.scheme, asked.netloc) == ("http", "127.0.0.1:8000")
    assert {task["status"] for task in answer.json["items"]} == {"todo", "in_progress"}


def test_there_is_some_of_everything(demo: Client) -> None:
    tasks = demo.get("tasks?limit=100").json["items"]

    kinds = Counter(task["status"] for task in tasks)
    assert min(kinds[n] for n in ("todo", "in_progress", "completed", "cancelled")) > 1
    assert any(task["is_overdue"] for task in tasks)
    assert any(task["subtask_count"] and task["parent_id"] for task in tasks)
    assert all(task["completed_at"] > task["created_at"] for task in done(tasks))
    assert len(demo.get("tags").json["items"]) > 8
    assert len(demo.get("tasks?deleted=true").json["items"]) == 3


def done(tasks: list[dict[str, str]]) -> list[dict[str, str]]:
    return [task for task in tasks if task["status"] == "completed"]


def test_once_more_changes_nothing_and_says_so(app: Flask, demo: Client) -> None:
    before = demo.get("tasks?limit=100").json

    again = seed(app, "--tasks", "500")

    assert again.exit_code == 0
    assert "already exists; nothing was changed" in again.stdout
    assert demo.get("tasks?limit=100").json == before


def test_as_many_as_are_asked_for(app: Flask) -> None:
    made = seed(app, "--tasks", "1234")

    demo = Holder(Client(app), said(made.stdout, "API key"))
    live = demo.get("tasks?include_total=true").json["total"]
    assert (live, made.stdout.splitlines()[0]) == (
        1231,
        "Created the account demo with 1234 tasks, 3 of them in the trash.",
    )


def test_production_is_left_alone(twin: Callable[..., Flask], anyone: Client) -> None:
    done = seed(twin(environment=Environment.PRODUCTION))

    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert done.output.startswith(
        "Error: A demo account cannot be created in production"
    )
    login = {"username": "demo", "password": "demo"}
    assert anyone.post("auth/login", login).status_code == 401
