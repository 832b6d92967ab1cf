"""`flask doctor`: what is wrong, and what to do about it."""

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

from tests.backstage import later, run
from tests.databases import release_newer_schema
from tests.mailbox import Mailbox
from tests.operations.commands import SERVED, examined, start, states
from tests.system.sql import execute
from tests.system.store import Store

Twin = Callable[..., Flask]
KEY = "Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS"
NOWHERE = "postgresql+psycopg://127.0.0.1:1/x"
PASSWORDS = ["open-sesame", "swordfish", "xyzzy"]


@pytest.fixture
def mute() -> Iterator[str]:
    """Return an address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    made = Mailbox()
    yield made
    made.close()


def test_a_service_that_lacks_nothing_is_all_green(twin: Twin, app: Flask) -> None:
    run(app, "users", "create", "--admin", "--username=ann", "--password=a b c d e f g")

    found = states(twin(**SERVED))

    found.pop("file system", None)  # that of a developer may be anything
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
def test_each_setting_is_judged(
    make_app: Callable[..., Flask], changes: dict[str, Any], check: str, state: str
) -> None:
    found = examined(make_app(**SERVED | changes))[check]

    assert found["state"] == state
    assert bool(found["remedy"]) == (state != "ok")


def test_forwarded_entries_are_shown_with_the_setting_that_fits(
    make_app: Callable[..., Flask], forwarded: list[str]
) -> None:
    found = examined(make_app(**SERVED | {"trusted_proxies": 3}))["forwarded"]

    assert forwarded == ["https://tasks.example.org"]
    assert "has 1 entries, and TRUSTED_PROXIES is 3" in found["message"]
    assert found["remedy"].startswith("Set TRUSTED_PROXIES=1, ")


def test_a_redis_that_answers_is_well(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    store = Store(tmp_path)

    found = states(make_app(ratelimit_storage_uri=store.uri))
    store.kill()

    assert found["redis"] == "ok"


def test_what_is_wrong_says_what_to_do(make_app: Callable[..., Flask]) -> None:
    app = make_app(**SERVED | {"trusted_hosts": ("other.example.org",)})

    found = examined(app)["host names"]

    assert found == {
        "check": "host names",
        "state": "fail",
        "message": "TRUSTED_HOSTS rejects tasks.example.org, the host of PUBLIC_URL",
        "remedy": "Add tasks.example.org to TRUSTED_HOSTS.",
    }


def test_a_database_without_tables_is_to_be_migrated(empty: Flask) -> None:
    execute(empty, "SELECT 1")

    found = examined(empty)

    assert found["schema"]["state"] == "fail"
    assert found["schema"]["remedy"] == "Run `flask db upgrade`."
    assert "administrator" not in found


def test_database_of_older_release_must_be_migrated(
    empty: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with empty.app_context():
        flask_migrate.upgrade()
    release_newer_schema(monkeypatch)

    found = examined(empty)["schema"]

    assert found["state"] == "fail"
    assert found["remedy"] == "Run `flask db upgrade`."


def test_a_database_of_a_newer_release_wants_that_release(empty: Flask) -> None:
    with empty.app_context():
        flask_migrate.upgrade()
    execute(empty, "UPDATE alembic_version SET version_num = 'ffff00001111'")

    found = examined(empty)["schema"]

    assert found["state"] == "warn"
    assert found["remedy"] == "Deploy the newer release that migrated it."


def test_a_service_without_an_administrator_is_told(app: Flask) -> None:
    assert states(app)["administrator"] == "warn"


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("workers", "state"), [(1, "ok"), (12, "warn"), (256, "fail")])
def test_connections_are_counted_against_those_of_the_server(
    app: Flask, twin: Twin, workers: int, state: str
) -> None:
    execute(app, "SELECT 1")

    found = examined(twin(threads=4, web_concurrency=workers))["connections"]

    assert found["state"] == state
    assert f"{workers} workers open up to {workers * 5} of " in found["message"]


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_a_clock_that_is_wrong_is_told(app: Flask) -> None:
    with later(60):
        found = examined(app)["clock"]

    assert found["state"] == "warn"
    assert "-60 s" in found["message"] or "-59 s" in found["message"]


def test_a_mail_server_is_greeted_and_gets_no_letter(
    make_app: Callable[..., Flask], mailbox: Mailbox
) -> None:
    app = make_app(smtp_url=f"smtp://{mailbox.address}", mail_from="a@example.org")

    found = examined(app)["mail"]

    assert found["state"] == "warn"
    assert "not encrypted" in found["message"]
    assert mailbox.take() == []


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_never_answers_is_given_up(app: Flask, mute: str) -> None:
    silent = {
        "DATABASE_URL": f"postgresql://ann:{PASSWORDS[0]}@{mute}/x",
        "SMTP_URL": f"smtp://{mute}",
        "MAIL_FROM": "a@example.org",
        "RATELIMIT_STORAGE_URI": f"redis://{mute}",
    }

    done = start(app, "doctor", "--json", variables=silent)

    found = {one["check"]: one["state"] for one in json.loads(done.stdout)}
    assert done.returncode == 1
    assert (found["database"], found["mail"], found["redis"]) == ("fail",) * 3
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("host", ["127.0.0.1:1", "no.such.host.invalid", "@127.0.0.1"])
def test_no_secret_is_shown(app: Flask, host: str) -> None:
    secrets = {
        "SECRET_KEY": KEY,
        "SECRET_KEY_PREVIOUS": KEY[::-1],
        "DATABASE_URL": f"postgresql://ann:{PASSWORDS[0]}@{host}/x",
        "SMTP_URL": f"smtp://ann:{PASSWORDS[1]}@127.0.0.1:1",
        "MAIL_FROM": "a@example.org",
        "RATELIMIT_STORAGE_URI": f"redis://:{PASSWORDS[2]}@127.0.0.1:1",
    }

    done = start(app, "doctor", variables=secrets)

    said = done.stdout + done.stderr
    hidden = [KEY, KEY[::-1], *PASSWORDS]
    assert "fail  database" in said
    assert [secret for secret in hidden if secret in said] == []


@pytest.mark.parametrize("color", [True, False])
def test_colours_are_for_terminals(app: Flask, *, color: bool) -> None:
    cli = FlaskGroup(create_app=lambda: app, load_dotenv=False, set_debug_flag=False)

    said = app.test_cli_runner().invoke(cli, ["doctor"], color=color).stdout

    assert (click.style("ok  ", fg="green", bold=True) in said) == color
    assert ("\x1b" in said) == color
    assert said.splitlines()[-1].endswith(" warnings.")
