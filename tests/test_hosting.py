"""The settings, paths and commands of render.yaml, compose.yaml and app.json exist."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from sqlalchemy import make_url

import config
from taskapi import create_app
from taskapi.doctor import settings as doctor_settings
from taskapi.doctor.findings import State

BLUEPRINT = yaml.safe_load((Path(__file__).parents[1] / "render.yaml").read_text())
COMPOSED = yaml.safe_load((Path(__file__).parents[1] / "compose.yaml").read_text())[
    "services"
]
HEROKU = json.loads((Path(__file__).parents[1] / "app.json").read_text())
PROMPTED = {  # what the operator enters
    "FIRST_ADMIN_EMAIL": "ann@example.org",
    "FIRST_ADMIN_PASSWORD": "water all plants daily",
    "PUBLIC_URL": "https://tasks.example.org",
    "TRUSTED_HOSTS": "tasks.example.org",
}
SERVICE = BLUEPRINT["services"][0]
GENERATED = "Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS"
GIVEN = re.compile(r"\$\{\w+:\?[^}]*\}")
EXTERNAL = "https://taskapi.onrender.com"
CONNECTION = "postgres://taskapi:pw@dpg-1-a/taskapi"


def given(variable: dict[str, Any]) -> str:
    """Return what the platform or the operator puts in."""
    if "fromDatabase" in variable:
        return CONNECTION
    if "value" not in variable and "generateValue" not in variable:
        assert variable["sync"] is False
        return PROMPTED[variable["key"]]
    return GENERATED if variable.get("generateValue") else str(variable["value"])


def test_service_starts_with_the_settings_of_the_blueprint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in SERVICE["envVars"]:
        monkeypatch.setenv(variable["key"], given(variable))
    monkeypatch.setenv("RENDER_EXTERNAL_URL", EXTERNAL)  # Render sets it itself

    settings = config.from_env()

    assert settings.environment is config.Environment.PRODUCTION
    assert settings.database_url == CONNECTION
    assert settings.trusted_proxies == 3
    assert settings.public_url == EXTERNAL


def test_doctor_has_no_warning_about_the_blueprint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in SERVICE["envVars"]:
        monkeypatch.setenv(variable["key"], given(variable))
    monkeypatch.setenv("RENDER_EXTERNAL_URL", EXTERNAL)

    with create_app(config.from_env()).app_context():
        found = {one.check: one.state for one in doctor_settings.check()}

    assert len(found) >= 9
    assert set(found.values()) == {State.OK}


def test_render_host_names_are_trusted_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in SERVICE["envVars"]:
        monkeypatch.setenv(variable["key"], given(variable))
    monkeypatch.setenv("RENDER_EXTERNAL_URL", EXTERNAL)
    monkeypatch.setenv("PUBLIC_URL", "https://tasks.example.org")

    settings = config.from_env()

    assert settings.trusted_hosts == ("tasks.example.org", "taskapi.onrender.com")


def test_service_starts_with_the_settings_of_heroku(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, variable in HEROKU["env"].items():
        generated = GENERATED if "generator" in variable else PROMPTED.get(name)
        monkeypatch.setenv(name, variable.get("value", generated))
    monkeypatch.setenv("DATABASE_URL", CONNECTION)
    monkeypatch.setenv("ENVIRONMENT", "production")  # the Procfile sets it

    with create_app(config.from_env()).app_context():
        found = {one.check: one.state for one in doctor_settings.check()}

    assert set(found.values()) == {State.OK}


@pytest.mark.parametrize("name", ["api", "migrate"])
def test_service_starts_with_the_settings_of_compose(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = COMPOSED[name]
    for variable, value in service["environment"].items():
        monkeypatch.setenv(variable, GIVEN.sub(GENERATED, value))

    reached = make_url(config.from_env().database_url)

    server = COMPOSED[reached.host]["environment"]
    assert reached.username == server["POSTGRES_USER"]
    assert reached.database == server["POSTGRES_DB"]
    assert server["POSTGRES_PASSWORD"] in service["environment"]["DATABASE_URL"]


def test_blueprint_health_check_path_exists(
    apps: dict[str, Flask],
) -> None:
    client = apps["postgresql"].test_client()

    response = client.get(SERVICE["healthCheckPath"])

    assert response.status_code == 200


def test_blueprint_command_exists(
    apps: dict[str, Flask],
) -> None:
    program, group, command = shlex.split(SERVICE["preDeployCommand"])

    commands = apps["postgresql"].cli.commands[group].commands

    assert program == "flask"
    assert command in commands
