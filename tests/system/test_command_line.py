"""The help of commands, the Flask shell and the printed OpenAPI document."""

import json
from collections.abc import Iterator
from typing import cast

import click
import pytest
from flask import Flask
from flask.cli import FlaskGroup
from openapi_spec_validator import validate

from tests.helpers.client import Client

pytestmark = pytest.mark.one_database

COMMANDS = ["create", "deactivate", "list", "promote", "reset-password"]


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


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_texts_are_sentences(app: Flask, name: str) -> None:
    shown = flask(app, "users", *name.split(), "--help")

    help_texts = list(texts(commands(app)[name or "users"]))
    assert help_texts[0].split()[0] in shown
    assert [text for text in help_texts if not text.rstrip().endswith(".")] == []


def test_users_group_has_all_commands(app: Flask) -> None:
    assert sorted(commands(app)) == sorted(["users", *COMMANDS])


def test_shell_has_the_models(app: Flask) -> None:
    with app.app_context():  # as `flask shell` does
        names = app.make_shell_context()

    assert {"User", "Task", "Session", "db"} <= set(names)


def test_printed_document_equals_the_served_one(app: Flask, anonymous: Client) -> None:
    printed = flask(app, "openapi", "print")

    document = json.loads(printed)
    validate(document)
    assert document == anonymous.get("/openapi.json").json
