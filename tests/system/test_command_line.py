"""The help of commands, the Flask shell and the printed OpenAPI document."""

import json
from collections.abc import Iterator
from typing import cast

import click
import pytest
from flask import Flask
from flask.cli import FlaskGroup
from openapi_spec_validator import validate

from taskapi.admin.commands import users_group
from tests.helpers.client import Client

pytestmark = pytest.mark.one_database

RENAME = """
task = db.session.get(Task, task_id)
task.title = "Fill the can"
db.session.commit()
"""


def flask(app: Flask, *arguments: str) -> str:
    """Run `flask` with these arguments and return its output."""
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)
    result = app.test_cli_runner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def texts(command: click.Command) -> Iterator[str]:
    """Yield the help texts of a command and its options."""
    yield command.help or ""
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield parameter.help or ""


def commands(app: Flask) -> dict[str, click.Command]:
    group = cast("click.Group", app.cli.commands["users"])
    return {"users": group} | group.commands


@pytest.mark.parametrize("name", ["", *users_group.commands])
def test_help_texts_are_sentences(app: Flask, name: str) -> None:
    shown = flask(app, "users", *name.split(), "--help")

    help_texts = list(texts(commands(app)[name or "users"]))
    assert help_texts[0].split()[0] in shown
    assert [text for text in help_texts if not text.rstrip().endswith(".")] == []


def test_shell_offers_models_and_queries(app: Flask, ann: Client) -> None:
    ann.create_task()
    with app.app_context():  # as `flask shell` does
        names = app.make_shell_context()
        found = eval("db.session.scalars(db.select(Task)).all()", names)  # noqa: S307 - typed in a shell

    assert {"User", "Task", "Session", "ApiKey", "db"} <= set(names)
    assert [task.title for task in found] == ["Water the plants"]


def test_shell_commits_changes(app: Flask, ann: Client) -> None:
    task = ann.create_task()
    with app.app_context():
        names = app.make_shell_context()
        exec(RENAME, names | {"task_id": task["id"]})  # noqa: S102 - typed in a shell

    assert ann.get(f"tasks/{task['id']}").json["title"] == "Fill the can"


def test_printed_document_equals_the_served_one(app: Flask, anonymous: Client) -> None:
    printed = flask(app, "openapi", "print")

    document = json.loads(printed)
    validate(document)
    assert document == anonymous.get("/openapi.json").json
