"""`flask seed`: the demo account."""

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
from tests.api_keys.clients import KeyClient
from tests.helpers.client import PASSWORD, Client

Run = Callable[..., Result]


def seed(app: Flask, *arguments: str) -> Result:
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)
    return app.test_cli_runner().invoke(cli, ["seed", *arguments])


def printed(output: str, name: str) -> str:
    """Return the printed value of a name."""
    return re.search(rf"^  {name} +(\S+)$", output, re.MULTILINE)[1]


@pytest.fixture
def output(app: Flask) -> str:
    """Return the output of the command that creates the account."""
    result = seed(app)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def demo(app: Flask, output: str) -> Client:
    """Return a client that uses the printed key."""
    return KeyClient(Client(app), printed(output, "API key"))


def test_printed_login_is_valid(anonymous: Client, output: str) -> None:
    login = {n: printed(output, n) for n in ("username", "password")}

    assert anonymous.post("auth/login", login).status_code == 200


def test_printed_request_lists_open_tasks(anonymous: Client, output: str) -> None:
    _, _, header, address = shlex.split(output.splitlines()[-1])
    name, _, text = header.partition(": ")
    asked = urlsplit(address)

    response = anonymous.get(f"{asked.path}?{asked.query}", headers={name: text})

    assert (asked.scheme, asked.netloc) == ("http", "127.0.0.1:8000")
    assert {task["status"] for task in response.json["items"]} == {
        "todo",
        "in_progress",
    }


def test_demo_account_has_tasks_of_all_kinds(demo: Client) -> None:
    tasks = demo.get("tasks?limit=100&project_id=personal").json["items"]

    kinds = Counter(task["status"] for task in tasks)
    assert min(kinds[n] for n in ("todo", "in_progress", "completed", "cancelled")) > 1
    assert any(task["is_overdue"] for task in tasks)
    assert any(task["subtask_count"] and task["parent_id"] for task in tasks)
    assert all(task["completed_at"] > task["created_at"] for task in completed(tasks))
    assert len(demo.get("tags").json["items"]) > 8
    assert len(demo.get("tasks?deleted=true").json["items"]) == 3


def completed(tasks: list[dict[str, str]]) -> list[dict[str, str]]:
    return [task for task in tasks if task["status"] == "completed"]


def logged_in(anonymous: Client, output: str, username: str) -> Client:
    """Return a client of a demo account, which has the printed password."""
    login = {"username": username, "password": printed(output, "password")}
    client = Client(anonymous.app)
    client.tokens = anonymous.post("auth/login", login).json
    return client


def test_member_of_the_demo_project_has_assigned_tasks(
    anonymous: Client, output: str
) -> None:
    kim = logged_in(anonymous, output, "demo-kim")

    _, project = kim.get("projects").json["items"]
    tasks = kim.get(f"tasks?project_id={project['id']}").json["items"]
    own = kim.get("tasks?assignee_id=me").json["items"]

    assert (project["role"], project["member_count"]) == ("editor", 2)
    assert {task["project_id"] for task in own} == {project["id"]}
    assert 0 < len(own) < len(tasks)


def test_invited_demo_account_can_join(anonymous: Client, output: str) -> None:
    lee = logged_in(anonymous, output, "demo-lee")

    (invitation,) = lee.get("invitations").json["items"]
    joined = lee.post(f"invitations/{invitation['id']}/accept")

    assert invitation["invited_by_username"] == "demo"
    assert f'shares the project "{joined.json["name"]}" with demo-kim' in output
    assert joined.json["member_count"] == 3


def test_seed_keeps_an_account_with_the_name_of_a_member(
    app: Flask, anonymous: Client
) -> None:
    account = {"username": "demo-kim", "password": PASSWORD}
    assert anonymous.post("auth/register", account).status_code == 201

    result = seed(app)

    assert result.exit_code == 0
    assert "demo-kim already exists; nothing was changed" in result.stdout


def test_second_seed_changes_nothing(app: Flask, demo: Client) -> None:
    before = demo.get("tasks?limit=100").json

    again = seed(app, "--tasks", "500")

    assert again.exit_code == 0
    assert "already exists; nothing was changed" in again.stdout
    assert demo.get("tasks?limit=100").json == before


def test_seed_creates_the_requested_number_of_tasks(app: Flask) -> None:
    made = seed(app, "--tasks", "1234")

    demo = KeyClient(Client(app), printed(made.stdout, "API key"))
    live = demo.get("tasks?include_total=true&project_id=personal").json["total"]
    assert (live, made.stdout.splitlines()[0]) == (
        1231,
        "Created the account demo with 1234 tasks, 3 of them in the trash.",
    )


def test_seed_is_rejected_in_production(
    app_with: Callable[..., Flask], anonymous: Client
) -> None:
    result = seed(app_with(environment=Environment.PRODUCTION))

    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert result.output.startswith(
        "Error: A demo account cannot be created in production"
    )
    login = {"username": "demo", "password": "demo"}
    assert anonymous.post("auth/login", login).status_code == 401
