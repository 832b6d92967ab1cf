"""The commands of the documentation, run as printed."""

import os
import re
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from dotenv import dotenv_values
from flask import Flask
from sqlalchemy import make_url

from taskapi import db
from tests.helpers.cli import run
from tests.helpers.client import Client, with_app
from tests.helpers.databases import execute_on_server
from tests.helpers.forked import FLASK, ROOT
from tests.helpers.server import environment
from tests.helpers.sql import execute

pytestmark = pytest.mark.slow

FOLDER = "/var/backups/taskapi"
DAYS = 24 * 60 * 60
EVERYWHERE = [True] * 4


DOCS = ROOT / "docs"
SETTINGS = "/etc/taskapi.env"
OWNERS = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
PASSWORD = "SELECT rolpassword FROM pg_authid WHERE rolname = '{}'"


def scripts(heading: str) -> list[str]:
    """Return the commands under a heading, one text for each block."""
    pages = "".join(page.read_text() + "\n## " for page in DOCS.glob("*.md"))
    section = pages.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


def script(heading: str) -> str:
    """Return all commands under a heading."""
    return "".join(scripts(heading))


def address(app: Flask) -> str:
    """Return the URL of the database of an app."""
    return str(app.extensions["settings"].database_url)


def follow(app: Flask, commands: str) -> str:
    """Run commands on the database of an app, and return their output."""
    here = re.sub(r"^(export|cd) .*\n", "", commands, flags=re.MULTILINE)
    here = re.sub(
        r"(?<=\s)flask|\.venv/bin/flask|^flask", FLASK, here, flags=re.MULTILINE
    )
    result = subprocess.run(  # noqa: S603 - the commands of our own documentation
        ["/bin/sh", "-euc", here],
        cwd=ROOT,
        env=environment(
            DATABASE_URL=address(app), SECRET_KEY="Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS"
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def secrets_of(file: Path) -> dict[str, str | None]:
    """Return the secrets of a settings file by the names of their settings."""
    found = dotenv_values(file)
    return {name.lower(): found[name] for name in found if name.startswith("SECRET")}


def accepted(instances: list[Flask]) -> list[bool]:
    """Return whether instances accept the tokens of adjacent releases."""
    clients = [Client(app, "ann").log_in() for app in instances]
    adjacent = [*pairwise(instances), *pairwise(reversed(instances))]
    return [
        with_app(clients[instances.index(one)], other).get("users/me").status_code
        == 200
        for one, other in adjacent
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a backup of last week and one of last month."""
    made = tmp_path / "backups"
    made.mkdir()
    for name, days in (("week.backup", 7), ("month.backup", 30)):
        (made / name).touch()
        timestamp = time.time() - days * DAYS
        os.utime(made / name, (timestamp, timestamp))
    return made


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_documented_key_commands_work(ann: Client) -> None:
    run(ann.app, "api-keys", "create", "ann@example.org", "--name=old")
    ((old,),) = execute(ann.app, "SELECT id FROM api_keys")
    commands = re.sub(r"\bann\b", "ann@example.org", script("Keys for scripts"))

    commands = commands.replace("--project 7", f"--project {ann.project_id}")

    output = follow(ann.app, re.sub(r"(revoke \S+) \d+", rf"\1 {old}", commands))

    first, second, *listed, revoked = output.splitlines()
    assert [line.split()[-1] for line in listed] == ["NAME", "old", "report", "sensor"]
    assert revoked == f"API key {old} is revoked."
    for key in (first, second):
        bearer = {"Authorization": f"Bearer {key}"}
        assert Client(ann.app).get("tasks", headers=bearer).status_code == 200


def test_documented_backup_removes_old_backups(ann: Client, folder: Path) -> None:
    follow(ann.app, script("Backup").replace(FOLDER, str(folder)))

    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 2
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-\d{6}\.backup", names[0])
    assert names[1] == "week.backup"


def test_documented_restore_works(ann: Client, folder: Path, empty: Flask) -> None:
    title = ann.create_task()["title"]
    follow(ann.app, script("Backup").replace(FOLDER, str(folder)))
    (file,) = folder.glob("2*.backup")

    commands = re.sub(rf"{FOLDER}/\S+", str(file), script("Restore"))
    output = follow(empty, commands)

    restored = Client(empty, "ann").log_in()
    assert "Restored 1 accounts and 1 tasks" in output
    assert [task["title"] for task in restored.get("tasks").json["items"]] == [title]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_documented_secret_rotation_ends_no_session(
    ann: Client, app_with: Callable[..., Flask], tmp_path: Path
) -> None:
    kept = ann.app.extensions["settings"].secret_key
    settings = tmp_path / "taskapi.env"
    settings.write_text(f"SECRET_KEY={kept}\nSECRET_KEY_PREVIOUS=x\nPORT=8000\n")
    instances = [ann.app]

    for commands in scripts("The secret key"):
        follow(ann.app, commands.replace(SETTINGS, str(settings)))
        instances.append(app_with(**secrets_of(settings)))

    assert secrets_of(settings)["secret_key_previous"] == kept
    assert dotenv_values(settings)["PORT"] == "8000"
    assert accepted(instances) == EVERYWHERE


@pytest.fixture
def owner() -> Iterator[str]:
    """Return a new role that owns nothing."""
    name = f"taskapi_{secrets.token_hex(4)}"
    execute_on_server(f"CREATE ROLE {name} LOGIN PASSWORD 'first'")
    yield name
    execute_on_server(f"DROP ROLE IF EXISTS {name}_b")
    execute_on_server(f"DROP ROLE {name}")


@pytest.fixture
def reach(make_app: Callable[..., Flask]) -> Iterator[Callable[[str], Flask]]:
    """Return a function that creates an app with a database URL."""
    made: list[Flask] = []

    def make(url: str) -> Flask:
        made.append(make_app(database_url=url))
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            db.database.engine.dispose()


@pytest.fixture
def owned(owner: str, empty: Flask, reach: Callable[[str], Flask]) -> Flask:
    """Return an app that connects to an empty database with that role."""
    execute(empty, f"GRANT ALL ON SCHEMA public TO {owner}")
    mine = make_url(address(empty)).set(username=owner, password="first")
    return reach(mine.render_as_string(hide_password=False))


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_documented_password_rotation_keeps_the_owner_of_tables(
    owner: str, empty: Flask, owned: Flask, reach: Callable[[str], Flask], folder: Path
) -> None:
    settings = folder / "taskapi.env"
    settings.write_text(f"DATABASE_URL={address(owned)}\nPUBLIC_URL=https://a@b\n")
    run(owned, "db", "upgrade")
    run(owned, "db", "downgrade", "base")

    commands = script("The database password").replace(SETTINGS, str(settings))
    to_server = f"psql --quiet '{address(empty).replace('+psycopg', '')}'"
    commands = re.sub(r"sudo -u postgres psql --quiet( taskapi)?", to_server, commands)
    follow(empty, re.sub(r"\btaskapi(?=_b\b| |;)", owner, commands))
    found = dotenv_values(settings)
    renewed = reach(str(found["DATABASE_URL"]))
    run(renewed, "db", "upgrade")

    assert f"//{owner}_b:" in str(found["DATABASE_URL"])
    assert found["PUBLIC_URL"] == "https://a@b"
    assert Client(renewed, "ann").register().log_in().create_task()
    assert execute(empty, OWNERS) == [(owner,)]
    assert execute(empty, PASSWORD.format(owner)) == [(None,)]
