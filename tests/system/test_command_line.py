"""What the command line says of itself, and what it shows to developers."""

import json
from collections.abc import Iterator
from typing import cast

import click
import pytest
from flask import Flask
from flask.cli import FlaskGroup
from openapi_spec_validator import validate

from tests.helpers.client import Client

COMMANDS = ["create", "deactivate", "list", "promote", "reset-password"]


def flask(app: Flask, *words: str) -> str:
    """Run `flask` with these words and return what it says."""
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)
    done = app.test_cli_runner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    return done.output


def texts(command: click.Command) -> Iterator[str]:
    """Yield what the help of a command says about it and its options."""
    yield command.help or ""
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield parameter.help or ""


def commands(app: Flask) -> dict[str, click.Command]:
    group = cast("click.Group", app.cli.commands["users"])
    return {"users": group} | group.commands


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_every_command_explains_itself_in_sentences(app: Flask, name: str) -> None:
    shown = flask(app, "users", *name.split(), "--help")

    help_texts = list(texts(commands(app)[name or "users"]))
    assert help_texts[0].split()[0] in shown
    assert [text for text in help_texts if not text.rstrip().endswith(".")] == []


def test_these_are_the_commands(app: Flask) -> None:
    assert sorted(commands(app)) == sorted(["users", *COMMANDS])


def test_shell_has_the_models(app: Flask) -> None:
    with app.app_context():  # as `flask shell` does
        names = app.make_shell_context()

    assert {"User", "Task", "Session", "db"} <= set(names)


def test_document_is_printed_as_it_is_served(app: Flask, anonymous: Client) -> None:
    printed = flask(app, "openapi", "print")

    document = json.loads(printed)
    validate(document)
    assert document == anonymous.get("/openapi.json").json
