"""Defaults and sources of settings, and the programs that read them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import config
from tests.helpers.forked import FLASK, GUNICORN, PROGRAMS, ROOT, run_forked
from tests.helpers.settings import DEFAULTS, PASSWORD, settings_environment

PYTHON = sys.executable
LIST = "import config; print(dict(sorted(vars(config.from_env()).items())))"
PRINT_ALL = [PYTHON, "-c", LIST]


def printing(name: str) -> list[str]:
    """Return a command that prints a setting."""
    return [PYTHON, "-c", f"import config; print(config.from_env().{name})"]


def run(
    command: list[str], variables: dict[str, str], folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own commands
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )


def run_concurrently(command: list[str], variables: dict[str, str]) -> list[str]:
    """Start four processes at the same time; return the output of each."""
    processes = [
        subprocess.Popen(command, cwd=ROOT, env=variables, stdout=-1, text=True)  # noqa: S603 - our own commands
        for _ in range(4)
    ]
    return [process.communicate(timeout=30)[0].strip() for process in processes]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with config.py alone: no `.env`, no database."""
    shutil.copy(ROOT / "config.py", tmp_path)
    return tmp_path


def test_settings_have_defaults(checkout: Path) -> None:
    variables = {"PATH": os.environ["PATH"]}

    shown = run(PRINT_ALL, variables, checkout).stdout

    file = checkout / "instance" / "taskapi.db"
    secret = file.with_name("taskapi.db.secret").read_text()
    own = {"secret_key": secret, "database_url": f"sqlite:///{file}"}
    assert shown.strip() == str(dict(sorted((own | DEFAULTS).items())))


@pytest.mark.parametrize(
    "command",
    [
        pytest.param([PYTHON, "-c", "import wsgi"], marks=pytest.mark.slow),
        [GUNICORN, "--check-config", "wsgi:app"],
        [FLASK, "users", "list"],
        pytest.param([FLASK, "db", "upgrade"], marks=pytest.mark.slow),
    ],
    ids=["wsgi", "gunicorn", "flask", "migrations"],
)
def test_each_program_reports_an_invalid_setting(command: list[str]) -> None:
    variables = settings_environment(PORT="0")

    start = run_forked if command[0] in PROGRAMS else run
    stopped = start(command, variables)

    assert stopped.returncode == 1
    assert stopped.stderr.startswith("taskapi: PORT: ")
    assert stopped.stderr.count("\n") == 1


def test_gunicorn_uses_bind_and_keepalive_of_the_settings() -> None:
    variables = settings_environment(HOST="::1", PORT="8001", KEEPALIVE_SECONDS="77")

    shown = run_forked([GUNICORN, "--print-config", "wsgi:app"], variables)

    lines = dict(re.findall(r"^(\w+) += (.*)$", shown.stdout, re.MULTILINE))
    assert (lines["bind"], lines["keepalive"]) == ("['[::1]:8001']", "77")


def test_relative_sqlite_path_is_relative_to_the_working_directory(
    checkout: Path,
) -> None:
    variables = settings_environment(DATABASE_URL="sqlite:///data/tasks.db?timeout=3")

    shown = run(printing("database_url"), variables, checkout)

    expected = f"sqlite:///{checkout}/data/tasks.db?timeout=3"
    assert shown.stdout.strip() == expected


def test_concurrent_processes_share_the_generated_secret(
    tmp_path: Path,
) -> None:
    file = tmp_path / "new" / "tasks.db"
    variables = settings_environment(SECRET_KEY="", DATABASE_URL=f"sqlite:///{file}")

    secrets = run_concurrently(printing("secret_key"), variables)

    stored = tmp_path / "new" / "tasks.db.secret"
    assert set(secrets) == {stored.read_text()}
    assert len(secrets[0]) >= 32
    assert stored.stat().st_mode & 0o777 == 0o600
    assert list(stored.parent.iterdir()) == [stored]


def test_generated_secret_is_stored(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/tasks.db"
    variables = settings_environment(SECRET_KEY="", DATABASE_URL=address)

    first, second = (
        run(printing("secret_key"), variables),
        run(printing("secret_key"), variables),
    )

    assert first.stdout
    assert first.stdout == second.stdout


def test_environment_takes_precedence_over_dotenv(checkout: Path) -> None:
    (checkout / ".env").write_text("PORT=8001\nTHREADS=5\n")
    variables = {"PATH": os.environ["PATH"], "PORT": "8002"}

    shown = run(PRINT_ALL, variables, checkout)

    assert "'port': 8002" in shown.stdout
    assert "'threads': 5" in shown.stdout


def test_settings_repr_contains_no_secret() -> None:
    settings = config.Settings(
        secret_key=f"{PASSWORD}-1",
        secret_key_previous=f"{PASSWORD}-2",
        database_url=f"postgresql://ann:{PASSWORD}@host/name",
        database_replica_url=f"postgresql://ann:{PASSWORD}@host/name",
        smtp_url=f"smtp://ann:{PASSWORD}@host",
    )

    shown = repr(settings) + str(settings)

    assert PASSWORD not in shown
