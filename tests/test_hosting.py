"""The settings, paths and commands of render.yaml and compose.yaml exist."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from sqlalchemy import make_url

import config

BLUEPRINT = yaml.safe_load((Path(__file__).parents[1] / "render.yaml").read_text())
COMPOSED = yaml.safe_load((Path(__file__).parents[1] / "compose.yaml").read_text())[
    "services"
]
SERVICE = BLUEPRINT["services"][0]
GENERATED = "Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS"
GIVEN = re.compile(r"\$\{\w+:\?[^}]*\}")
EXTERNAL = "https://taskapi.onrender.com"
CONNECTION = "postgres://taskapi:pw@dpg-1-a/taskapi"


def given(variable: dict[str, Any]) -> str:
    """Return the values that the platform provides."""
    if "fromDatabase" in variable:
        return CONNECTION
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
