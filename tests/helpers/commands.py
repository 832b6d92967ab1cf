"""Commands run in the test process."""

from collections.abc import Callable
from pathlib import Path

from click.testing import Result
from flask import Flask
from flask.cli import FlaskGroup

Run = Callable[..., Result]


def command_runner(app: Flask) -> Run:
    """Return a function that runs `flask` with arguments and standard input."""
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)

    def run(*arguments: str | Path, typed: str | bytes = "") -> Result:
        texts = [str(argument) for argument in arguments]
        return app.test_cli_runner().invoke(cli, texts, input=typed)

    return run
