"""`flask doctor`: findings and remedies."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import flask_migrate
import pytest
from flask import Flask
from flask.cli import FlaskGroup

from taskapi.server.command_line import flask_command
from tests.helpers.cli import run
from tests.helpers.clock import later
from tests.helpers.databases import release_newer_schema
from tests.helpers.redis import RedisServer
from tests.helpers.smtp import Mailbox
from tests.helpers.sql import execute
from tests.operations.commands import PRODUCTION, doctor_states, run_doctor, run_process

MakeApp = Callable[..., Flask]
KEY = "Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS"
NOWHERE = "postgresql+psycopg://127.0.0.1:1/x"
PASSWORDS = ["open-sesame", "swordfish", "xyzzy"]


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Return the address of a server that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    made = Mailbox()
    yield made
    made.close()


def test_doctor_finds_no_problem_in_a_complete_service(
    app_with: MakeApp, app: Flask
) -> None:
    run(app, "users", "create", "--admin", "--username=ann", "--password=a b c d e f g")

    found = doctor_states(app_with(**PRODUCTION))

    found.pop("file system", None)  # ignore the one of the developer
    assert {"database", "schema", "administrator", "replica", "mail"} <= found.keys()
    assert set(found.values()) == {"ok"}


@pytest.mark.parametrize(
    ("changes", "check", "state"),
    [
        ({"environment": "development"}, "environment", "warn"),
        ({"secret_key": "short"}, "secret", "fail"),
        ({"secret_key_previous": KEY}, "secret", "warn"),
        ({"cors_origins": ("http://a.example.org",)}, "origins", "warn"),
        ({"cors_origins": ("http://localhost:3000",)}, "origins", "ok"),
        ({"trusted_hosts": ()}, "host names", "warn"),
        ({"trusted_hosts": ("other.example.org",)}, "host names", "fail"),
        ({"trusted_hosts": (".example.org",)}, "host names", "ok"),
        ({"public_url": ""}, "address", "warn"),
        ({"public_url": "http://tasks.example.org"}, "address", "warn"),
        ({"trusted_proxies": 0}, "proxies", "warn"),
        ({"trusted_proxies": 1}, "forwarded", "ok"),
        ({"trusted_proxies": 2}, "forwarded", "warn"),
        ({"public_url": ""}, "forwarded", "ok"),
        ({"registration": "open"}, "registration", "warn"),
        ({"ratelimit_enabled": False}, "rate limits", "warn"),
        ({"metrics_token": KEY}, "metrics", "ok"),
        ({"smtp_url": "smtp://127.0.0.1:1"}, "emails", "warn"),
        ({"smtp_url": "smtp://127.0.0.1:1"}, "mail", "fail"),
        ({"ratelimit_storage_uri": "redis://127.0.0.1:1"}, "redis", "fail"),
        ({"database_replica_url": NOWHERE}, "replica", "fail"),
    ],
)
def test_doctor_checks_each_setting(
    make_app: Callable[..., Flask], changes: dict[str, Any], check: str, state: str
) -> None:
    found = run_doctor(make_app(**PRODUCTION | changes))[check]

    assert found["state"] == state
    assert bool(found["remedy"]) == (state != "ok")


def test_doctor_reports_the_number_of_forwarded_entries(
    make_app: Callable[..., Flask], forwarded: list[str]
) -> None:
    found = run_doctor(make_app(**PRODUCTION | {"trusted_proxies": 3}))["forwarded"]

    assert forwarded == ["https://tasks.example.org"]
    assert "has 1 entries, and TRUSTED_PROXIES is 3" in found["message"]
    assert found["remedy"].startswith("Set TRUSTED_PROXIES=1, ")


def test_doctor_accepts_a_redis_that_responds(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    store = RedisServer(tmp_path)

    found = doctor_states(make_app(ratelimit_storage_uri=store.uri))
    store.kill()

    assert found["redis"] == "ok"


def test_doctor_suggests_a_remedy(make_app: Callable[..., Flask]) -> None:
    app = make_app(**PRODUCTION | {"trusted_hosts": ("other.example.org",)})

    found = run_doctor(app)["host names"]

    assert found == {
        "check": "host names",
        "state": "fail",
        "message": "TRUSTED_HOSTS rejects tasks.example.org, the host of PUBLIC_URL",
        "remedy": "Add tasks.example.org to TRUSTED_HOSTS.",
    }


def test_doctor_reports_a_database_without_tables(empty: Flask) -> None:
    execute(empty, "SELECT 1")

    found = run_doctor(empty)

    assert found["schema"]["state"] == "fail"
    assert found["schema"]["remedy"] == f"Run `{flask_command('db upgrade')}`."
    assert "administrator" not in found


def test_doctor_reports_a_database_of_an_older_release(
    empty: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with empty.app_context():
        flask_migrate.upgrade()
    release_newer_schema(monkeypatch)

    found = run_doctor(empty)["schema"]

    assert found["state"] == "fail"
    assert found["remedy"] == f"Run `{flask_command('db upgrade')}`."


def test_doctor_warns_of_a_database_of_a_newer_release(empty: Flask) -> None:
    with empty.app_context():
        flask_migrate.upgrade()
    execute(empty, "UPDATE alembic_version SET version_num = 'ffff00001111'")

    found = run_doctor(empty)["schema"]

    assert found["state"] == "warn"
    assert found["remedy"] == "Deploy the newer release that migrated it."


def test_doctor_warns_of_a_missing_administrator(app: Flask) -> None:
    assert doctor_states(app)["administrator"] == "warn"


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("share", "state"), [(0.1, "ok"), (0.7, "warn"), (2, "fail")])
def test_doctor_compares_connections_with_the_limit_of_the_server(
    app: Flask, app_with: MakeApp, share: float, state: str
) -> None:
    limit = int(execute(app, "SHOW max_connections")[0][0])
    workers = int(share * limit) // 5

    found = run_doctor(app_with(threads=4, web_concurrency=workers))["connections"]

    assert found["state"] == state
    assert f"{workers} workers open up to {workers * 5} of " in found["message"]


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_doctor_warns_of_a_wrong_clock(app: Flask) -> None:
    with later(60):
        found = run_doctor(app)["clock"]

    assert found["state"] == "warn"
    assert "-60 s" in found["message"] or "-59 s" in found["message"]


def test_doctor_logs_in_to_the_mail_server_and_sends_nothing(
    make_app: Callable[..., Flask], mailbox: Mailbox
) -> None:
    app = make_app(smtp_url=f"smtp://{mailbox.address}", mail_from="a@example.org")

    found = run_doctor(app)["mail"]

    assert found["state"] == "warn"
    assert "not encrypted" in found["message"]
    assert mailbox.take() == []


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_doctor_ends_checks_that_get_no_response(
    app: Flask, silent_server: str
) -> None:
    silent = {
        "DATABASE_URL": f"postgresql://ann:{PASSWORDS[0]}@{silent_server}/x",
        "SMTP_URL": f"smtp://{silent_server}",
        "MAIL_FROM": "a@example.org",
        "RATELIMIT_STORAGE_URI": f"redis://{silent_server}",
    }

    result = run_process(app, "doctor", "--json", variables=silent)

    found = {one["check"]: one["state"] for one in json.loads(result.stdout)}
    assert result.returncode == 1
    assert (found["database"], found["mail"], found["redis"]) == ("fail",) * 3
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:1",
        pytest.param("no.such.host.invalid", marks=pytest.mark.slow),
        pytest.param("@127.0.0.1", marks=pytest.mark.slow),
    ],
)
def test_doctor_prints_no_secret(app: Flask, host: str) -> None:
    secrets = {
        "SECRET_KEY": KEY,
        "SECRET_KEY_PREVIOUS": KEY[::-1],
        "DATABASE_URL": f"postgresql://ann:{PASSWORDS[0]}@{host}/x",
        "SMTP_URL": f"smtp://ann:{PASSWORDS[1]}@127.0.0.1:1",
        "MAIL_FROM": "a@example.org",
        "RATELIMIT_STORAGE_URI": f"redis://:{PASSWORDS[2]}@127.0.0.1:1",
    }

    result = run_process(app, "doctor", variables=secrets)

    output = result.stdout + result.stderr
    hidden = [KEY, KEY[::-1], *PASSWORDS]
    assert "fail  database" in output
    assert [secret for secret in hidden if secret in output] == []


@pytest.mark.parametrize("color", [True, False])
def test_doctor_uses_colors_only_in_terminals(app: Flask, *, color: bool) -> None:
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)

    output = app.test_cli_runner().invoke(cli, ["doctor"], color=color).stdout

    assert (click.style("ok  ", fg="green", bold=True) in output) == color
    assert ("\x1b" in output) == color
    assert output.splitlines()[-1].endswith(" warnings.")
