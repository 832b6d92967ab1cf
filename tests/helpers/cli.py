"""Commands, run in the test process."""

from flask import Flask
from flask.cli import FlaskGroup


def run(app: Flask, *arguments: str) -> str:
    """Run `flask` with these arguments and return its output."""
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)
    result = app.test_cli_runner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout
