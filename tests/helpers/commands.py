"""Commands run in the test process."""

from collections.abc import Callable
from pathlib import Path

from click.testing import Result
from flask import Flask
from flask.cli import FlaskGroup

from tests.helpers.client import PASSWORD, Client

Run = Callable[..., Result]


def command_runner(app: Flask) -> Run:
    """Return a function that runs `flask` with arguments and standard input."""
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)

    def run(*arguments: str | Path, typed: str | bytes = "") -> Result:
        texts = [str(argument) for argument in arguments]
        return app.test_cli_runner().invoke(cli, texts, input=typed)

    return run


def named(name: str) -> list[str]:
    """Return the options of an account with the email of this name."""
    return ["--email", f"{name}@example.org"]


def secret(password: str) -> list[str]:
    """Return the options of a password."""
    return ["--password", password]


def create_admin(app: Flask) -> Client:
    """Create the first administrator by a command; return a logged-in client."""
    words = ["users", "create", "--admin", *named("root"), *secret(PASSWORD)]
    made = command_runner(app)(*words)
    assert made.exit_code == 0, made.output
    return Client(app, "root").log_in()
