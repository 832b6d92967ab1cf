"""The image, compose.yaml, render.yaml, Procfile and .env.example."""

import re
import shlex
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

import config

ROOT = Path(__file__).parents[1]
WORKFLOW = ".github/workflows/ci.yml"
SETTINGS = {one.name.upper(): one.default for one in fields(config.Settings)}
OF_PYTHON = re.compile(r"PATH|PIP_\w+|PYTHON\w+")
PUBLIC = {"ENVIRONMENT": "production", "HOST": "0.0.0.0"}  # noqa: S104 - in a container
GRACEFUL_TIMEOUT = 25  # the value in gunicorn.conf.py


def read(path: str) -> str:
    return (ROOT / path).read_text()


def parse(path: str) -> Any:
    return yaml.safe_load(read(path))


def instructions(name: str) -> list[str]:
    lines = read("Dockerfile").replace("\\\n", " ")
    return re.findall(rf"^{name} (.+)$", lines, re.MULTILINE)


def assignments(text: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(text) if "=" in word)


def image_variables() -> dict[str, str]:
    return assignments(" ".join(instructions("ENV")))


def composed(name: str) -> Any:
    return parse("compose.yaml")["services"][name]


def hosted() -> Any:
    return parse("render.yaml")["services"][0]


def hosted_variables() -> dict[str, Any]:
    return {variable.pop("key"): variable for variable in hosted()["envVars"]}


def processes() -> dict[str, str]:
    return dict(line.split(": ", 1) for line in read("Procfile").splitlines())


def example() -> dict[str, str]:
    return dict(re.findall(r"^# ([A-Z_]+)=(.*)$", read(".env.example"), re.MULTILINE))


def shown(default: object) -> str:
    text = "" if default == () else str(default)
    return text.lower() if isinstance(default, bool) else text


def test_tests_and_deployments_use_the_same_postgresql() -> None:
    tested = parse(WORKFLOW)["jobs"]["test"]["services"]["database"]["image"]

    major = parse("render.yaml")["databases"][0]["postgresMajorVersion"]

    assert tested == composed("database")["image"]
    assert tested.startswith(f"postgres:{major}.")


def test_blueprint_variables_are_settings() -> None:
    variables = hosted_variables()

    unknown = variables.keys() - SETTINGS.keys()

    assert unknown == set()


@pytest.mark.parametrize("name", ["api", "migrate"])
def test_compose_variables_are_settings(name: str) -> None:
    variables = composed(name)["environment"]

    unknown = variables.keys() - SETTINGS.keys()

    assert unknown == set()


def test_image_variables_are_settings_or_those_of_python() -> None:
    variables = image_variables().keys()

    of_python = set(filter(OF_PYTHON.fullmatch, variables))

    assert variables - of_python <= SETTINGS.keys()


def test_health_checks_use_the_same_path() -> None:
    image = re.findall(r"'GET', '(.+?)'", instructions("HEALTHCHECK")[0])
    workflow = re.findall(r"http://127\.0\.0\.1:8000(\S*)", read(WORKFLOW))

    asked = {hosted()["healthCheckPath"], *image, *workflow}

    assert image
    assert workflow
    assert asked == {"/health"}


def test_env_example_lists_settings_with_defaults() -> None:
    expected = {name: shown(default) for name, default in SETTINGS.items()}
    relative = "sqlite:///instance/taskapi.db"

    shipped = example()

    assert list(shipped) == list(SETTINGS)
    assert expected.pop("DATABASE_URL") == relative.replace("///", f"///{ROOT}/")
    assert shipped.pop("DATABASE_URL") == relative
    assert shipped == expected


def test_env_example_sets_nothing() -> None:
    lines = read(".env.example").splitlines()

    active = [line for line in lines if line and not line.startswith("# ")]

    assert active == []


def test_image_runs_as_an_unprivileged_user() -> None:
    users = instructions("USER")

    last = users[-1]

    assert re.fullmatch(r"[1-9]\d{4}:[1-9]\d{4}", last)


def test_image_installs_only_what_the_lock_file_hashes() -> None:
    steps = re.sub(r"\s+", " ", " && ".join(instructions("RUN")))

    installs = re.findall(r"pip install (.*?) && (\S+)/pip check", steps)

    options = "--only-binary :all: --no-deps --require-hashes -r requirements.txt"
    assert installs == [(options, "/opt/venv/bin")]


def test_operators_install_as_make_does() -> None:
    page = read("docs/deploy.md") + read("docs/upgrade.md")

    installs = re.findall(r"pip install (.*-r .*)\n(.*)", page)

    options = "--quiet --no-deps --require-hashes -r requirements.txt"
    assert installs == [(options, ".venv/bin/pip check")] * 2


def test_image_copies_only_named_files() -> None:
    lines = read(".dockerignore").splitlines()

    rules = [line for line in lines if not line.startswith("#")]

    assert rules[0] == "*"
    assert {"!config.py", "!gunicorn.conf.py", "!wsgi.py"} <= set(rules)
    assert {"!migrations", "!taskapi", "!requirements.txt"} <= set(rules)


@pytest.mark.parametrize("name", ["api", "migrate"])
def test_compose_services_have_read_only_file_systems(
    name: str,
) -> None:
    service = composed(name)

    confinement = [service["read_only"], *service["tmpfs"], *service["cap_drop"]]

    assert confinement == [True, "/tmp", "ALL"]  # noqa: S108 - inside the container
    assert "no-new-privileges:true" in service["security_opt"]


def test_compose_api_waits_for_migrations() -> None:
    api, migrate = composed("api"), composed("migrate")

    after = api["depends_on"]["migrate"]["condition"]
    before = migrate["depends_on"]["database"]["condition"]

    assert (before, after) == ("service_healthy", "service_completed_successfully")
    assert migrate["command"] == ["flask", "db", "upgrade"]


def test_compose_api_is_reachable_only_from_its_machine() -> None:
    api, database = composed("api"), composed("database")

    addresses = [port.split(":")[0] for port in api["ports"]]

    assert addresses == ["127.0.0.1"]
    assert "ports" not in database


@pytest.mark.parametrize("name", ["SECRET_KEY", "POSTGRES_PASSWORD"])
def test_compose_file_contains_no_secret(name: str) -> None:
    text = read("compose.yaml")

    mentions = re.findall(rf"\${{?{name}..", text)

    assert set(mentions) == {f"${{{name}:?"}


def test_blueprint_generates_the_secret_and_references_the_database() -> None:
    variables = hosted_variables()

    database = parse("render.yaml")["databases"][0]

    source = {"name": database["name"], "property": "connectionString"}
    assert variables["SECRET_KEY"] == {"generateValue": True}
    assert variables["DATABASE_URL"] == {"fromDatabase": source}
    assert database["ipAllowList"] == []


def test_platforms_wait_longer_than_gunicorn() -> None:
    delay = hosted()["maxShutdownDelaySeconds"]

    grace = composed("api")["stop_grace_period"]

    assert delay > GRACEFUL_TIMEOUT
    assert int(grace.removesuffix("s")) > GRACEFUL_TIMEOUT


def test_platforms_migrate_before_they_serve() -> None:
    procfile = processes()

    before = hosted()["preDeployCommand"]

    assert procfile.keys() == {"release", "web"}
    assert procfile["release"].endswith("flask db upgrade")
    assert procfile["web"].endswith("gunicorn wsgi:app")
    assert before == "flask db upgrade"


def test_platforms_run_in_production_on_all_addresses() -> None:
    render = {name: value.get("value") for name, value in hosted_variables().items()}

    procfile = assignments(processes()["web"])

    assert procfile.items() == PUBLIC.items()
    assert render.items() >= PUBLIC.items()
    assert image_variables().items() >= PUBLIC.items()
    assert composed("api")["environment"].items() >= PUBLIC.items()
