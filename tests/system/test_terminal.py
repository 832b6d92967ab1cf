"""Servers in the terminal of a developer: logs, banner, port in use, Ctrl-C."""

import json
import re
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from secrets import token_urlsafe

import flask_migrate
import pytest
from flask import Flask

from tests.helpers.client import API
from tests.helpers.programs import environment_program, free_port
from tests.helpers.server import ACCOUNT, Server, environment
from tests.helpers.terminal import Terminal

ROOT = Path(__file__).parents[2]
GUNICORN = [environment_program("gunicorn"), "wsgi:app"]
FLASK_RUN = [environment_program("flask"), "run"]
MAKE_DEV = [shutil.which("make") or "make", "--old-file", ".venv/run", "dev"]
BANNER_END = "water all plants daily"
REQUEST = r"^\d\d:\d\d:\d\d GET {path} {status} [\d.]+ ms{user}$"


@pytest.fixture
def variables(make_app: Callable[..., Flask], tmp_path: Path) -> dict[str, str]:
    """Return the environment of a developer with a migrated database."""
    url = f"sqlite:///{tmp_path}/tasks.db"
    with make_app(database_url=url).app_context():
        flask_migrate.upgrade()
    own = environment(DATABASE_URL=url, BCRYPT_ROUNDS=4, SECRET_KEY="")
    return own | {"HOME": str(tmp_path), "TERM": "xterm"}


def client_of(variables: dict[str, str]) -> Server:
    """Return a client of the server with this environment."""
    client = Server.__new__(Server)
    client.host, client.port = variables["HOST"], int(variables["PORT"])
    return client


def send_requests(client: Server) -> None:
    """Create an account, list its tasks, and request a path that does not exist."""
    client.call("POST", f"{API}/auth/register", ACCOUNT)
    tokens = client.call("POST", f"{API}/auth/login", ACCOUNT).json
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    client.call("GET", f"{API}/tasks?q=plants", headers=bearer)
    client.call("GET", "/%1b[2Jnothing")


def test_terminal_shows_banner_after_the_start_and_a_line_per_request(
    variables: dict[str, str],
) -> None:
    with Terminal(GUNICORN, variables) as terminal:
        start = terminal.read_until(BANNER_END)
        send_requests(client_of(variables))
        status = terminal.interrupt()

    assert start.count("Booting worker") == 2
    assert start.index("Create an account") > start.rindex("Booting worker")
    assert f"http://127.0.0.1:{variables['PORT']}/docs" in start
    lines = terminal.text.splitlines()
    own = re.compile(REQUEST.format(path=f"{API}/tasks", status=200, user=" user=1"))
    other = re.compile(REQUEST.format(path="/%1B%5B2Jnothing", status=404, user=""))
    assert len([line for line in lines if own.match(line)]) == 1
    assert len([line for line in lines if other.match(line)]) == 1
    assert "\x1b[32m200" in terminal.output
    assert "\x1b[33m404" in terminal.output
    assert "{" not in terminal.text.partition(BANNER_END)[2][4:]
    assert status == 0
    assert "Traceback" not in terminal.text


@pytest.mark.slow
def test_json_format_has_no_colours_in_a_terminal(variables: dict[str, str]) -> None:
    with Terminal(GUNICORN, variables | {"LOG_FORMAT": "json"}) as terminal:
        terminal.read_until(BANNER_END)
        client_of(variables).call("GET", "/health")
        terminal.interrupt()

    lines = [line for line in terminal.text.splitlines() if line.startswith("{")]
    assert "request" in {json.loads(line)["event"] for line in lines}
    assert "\x1b" not in terminal.output


@pytest.mark.parametrize(
    "purpose", ["development", pytest.param("production", marks=pytest.mark.slow)]
)
def test_port_in_use_is_reported_in_one_sentence(
    variables: dict[str, str], purpose: str
) -> None:
    port = int(variables["PORT"])
    variables |= {"ENVIRONMENT": purpose, "SECRET_KEY": token_urlsafe(48)}
    with (
        socket.create_server(("127.0.0.1", port)),
        Terminal(GUNICORN, variables) as terminal,
    ):
        status = terminal.wait()

    (message,) = (line for line in terminal.text.splitlines() if "taskapi:" in line)
    assert status == 1
    assert f"port {port} (Address already in use)" in message
    assert f"PORT={port + 1} make run" in message
    assert "in use" not in terminal.text.replace(message, "")


def test_make_dev_reports_a_port_in_use(variables: dict[str, str]) -> None:
    port = int(variables["PORT"])
    with (
        socket.create_server(("127.0.0.1", port)),
        Terminal(MAKE_DEV, variables) as terminal,
    ):
        status = terminal.wait()

    (message,) = (line for line in terminal.text.splitlines() if "taskapi:" in line)
    assert status != 0
    assert f"PORT={port + 1} make dev" in message


def test_make_dev_prints_the_address_of_the_documentation(
    variables: dict[str, str],
) -> None:
    with Terminal(MAKE_DEV, variables) as terminal:
        shown = terminal.read_until("Debug mode")
        terminal.interrupt()

    assert f"http://127.0.0.1:{variables['PORT']}/docs" in shown
    assert "Traceback" not in terminal.text


@pytest.mark.slow
@pytest.mark.parametrize("step", ["/docs", "Debug mode"])
def test_interrupted_start_of_make_dev_has_no_traceback(
    variables: dict[str, str], step: str
) -> None:
    with Terminal(MAKE_DEV, variables) as terminal:
        terminal.read_until(step)
        status = terminal.interrupt()

    assert status != 0
    assert "Traceback" not in terminal.text


@pytest.mark.parametrize(
    "app",
    [
        pytest.param([], id="wsgi"),
        pytest.param(["--app", "taskapi"], id="package", marks=pytest.mark.slow),
    ],
)
def test_flask_run_serves_host_and_port_of_the_settings(
    variables: dict[str, str], app: list[str]
) -> None:
    command = [FLASK_RUN[0], *app, "run"]

    with Terminal(command, variables | {"HOST": "localhost"}) as terminal:
        terminal.read_until(f"http://localhost:{variables['PORT']}")
        client = client_of(variables | {"HOST": "localhost"})
        health = client.call("GET", "/health")
        client.call("GET", "/health/live")
        terminal.read_until("/health/live 200")

    assert health.status == 200
    assert terminal.text.count("GET") == 2, "Werkzeug logs no second line"


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="none"),
        pytest.param(["--port", "{port}"], id="port", marks=pytest.mark.slow),
    ],
)
def test_flask_run_serves_host_and_port_of_dotenv(
    variables: dict[str, str], tmp_path: Path, options: list[str]
) -> None:
    for name in ("config.py", "wsgi.py", ".flaskenv"):
        shutil.copy(ROOT / name, tmp_path)
    port, other = variables.pop("PORT"), free_port()
    (tmp_path / ".env").write_text(f"HOST=localhost\nPORT={port}\n")
    expected = other if options else port
    command = [*FLASK_RUN, *(option.format(port=other) for option in options)]
    del variables["HOST"]

    with Terminal(command, variables | {"PYTHONPATH": str(ROOT)}, tmp_path) as terminal:
        terminal.read_until(f"http://localhost:{expected}")
        client = client_of({"HOST": "localhost", "PORT": str(expected)})
        health = client.call("GET", "/health")

    assert health.status == 200


@pytest.mark.slow
def test_flask_run_writes_json_without_colours_to_a_file(
    variables: dict[str, str], tmp_path: Path
) -> None:
    class FlaskRun(Server):
        command = tuple(FLASK_RUN)

    server = FlaskRun(ROOT, variables, tmp_path / "log").wait()
    server.stop()

    lines = [line for line in server.lines() if line.startswith("{")]
    requests = [one for one in map(json.loads, lines) if one["event"] == "request"]
    assert len(requests) == 1
    assert "\x1b" not in server.log.read_text().replace("\\u001b", "\x1b")
    assert server.log.read_text().count("/health/live") == 1


@pytest.mark.slow
def test_emails_are_text_in_development(variables: dict[str, str]) -> None:
    account = {"email": "ann@example.org", "password": ACCOUNT["password"]}
    with Terminal([*FLASK_RUN, "--debug"], variables) as terminal:
        terminal.read_until("Debugger is active")
        client_of(variables).call("POST", f"{API}/auth/register", account)
        shown = terminal.read_until("email to ann@example.org: ")
        terminal.interrupt()

    assert "\\n" not in shown
