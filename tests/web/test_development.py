"""Help for developers: tracebacks in responses, settings in `app.config`."""

from collections.abc import Callable

import pytest
from flask import Flask

import config
from config import Environment
from taskapi import create_app
from tests.helpers.client import Client
from tests.web.conftest import SECRET, fail

pytestmark = pytest.mark.one_database
AppWith = Callable[..., Flask]


def failing_client(
    app_with: AppWith, environment: Environment, *, debug: bool
) -> Client:
    """Return a client of an app with a view that fails, at /fails."""
    app = app_with(environment=environment)
    app.debug = debug
    app.add_url_rule("/fails", view_func=fail)
    return Client(app)


def test_traceback_is_returned_in_debug_mode(app_with: AppWith) -> None:
    client = failing_client(app_with, Environment.DEVELOPMENT, debug=True)

    problem = client.get("/fails").json

    assert (problem["status"], problem["code"]) == (500, "internal-error")
    assert problem["traceback"][0] == "Traceback (most recent call last):"
    assert problem["traceback"][-1] == f"RuntimeError: {SECRET}"


@pytest.mark.parametrize(
    ("environment", "debug"),
    [
        (Environment.PRODUCTION, True),
        (Environment.PRODUCTION, False),
        (Environment.DEVELOPMENT, False),
    ],
)
def test_traceback_is_hidden_otherwise(
    app_with: AppWith,
    environment: Environment,
    debug: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    client = failing_client(app_with, environment, debug=debug)

    response = client.get("/fails")

    assert "traceback" not in response.json
    assert SECRET not in response.text


def test_settings_are_in_the_config_of_the_app(app_with: AppWith) -> None:
    app = app_with(port=1234)

    names = {name.upper() for name in vars(app.extensions["settings"])}

    assert app.config["PORT"] == 1234
    assert names <= app.config.keys()


def test_settings_come_from_the_environment_by_default(
    app_with: AppWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app_with(port=1234).extensions["settings"]
    monkeypatch.setattr(config, "load", lambda: settings)

    app = create_app()

    assert app.config["PORT"] == 1234
    assert app.test_client().get("/health/live").status_code == 200
