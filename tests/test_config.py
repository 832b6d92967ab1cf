"""Settings: their defaults, and what the process refuses to start with."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import config

ROOT = Path(__file__).parents[1]
TOOLS = Path(sys.executable).parent
PYTHON = str(TOOLS / "python")
GOOD = "Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS"
PLANTED = "hunter2"
WSGI = "import config; config.load(); import wsgi"  # config alone is a second faster
SERVE = [PYTHON, "-c", WSGI]
LIST = "import config; print(dict(sorted(vars(config.from_env()).items())))"
SHOW = [PYTHON, "-c", LIST]


def telling(name: str) -> list[str]:
    """Return a command that prints a setting, whatever it thinks of it."""
    return [PYTHON, "-c", f"import config; print(config.from_env().{name})"]


URL = telling("database_url")
SECRET = telling("secret_key")
REPLICA = [PYTHON, "-c", "import config; print(config.load().database_replica_url)"]

DEFAULTS: dict[str, Any] = {
    "environment": config.Environment.DEVELOPMENT,
    "database_replica_url": "",
    "database_prepare": True,
    "secret_key_previous": "",
    "host": "127.0.0.1",
    "port": 8000,
    "web_concurrency": 2,
    "threads": 16,
    "request_timeout": 10,
    "keepalive_seconds": 100,
    "drain_seconds": 0,
    "max_requests": 0,
    "max_requests_in_progress": 0,
    "log_level": "INFO",
    "public_url": "",
    "app_url": "",
    "cors_origins": (),
    "trusted_hosts": (),
    "trusted_proxies": 0,
    "access_token_minutes": 30,
    "refresh_token_days": 7,
    "trash_days": 30,
    "max_tasks_per_user": 100_000,
    "bcrypt_rounds": 12,
    "password_min_length": 8,
    "registration": config.Registration.OPEN,
    "require_verified_email": False,
    "require_api_key": False,
    "require_if_match": False,
    "docs_enabled": True,
    "cors_private_network": False,
    "ratelimit_enabled": True,
    "ratelimit_per_minute": 300,
    "ratelimit_auth_per_minute": 20,
    "ratelimit_storage_uri": "",
    "smtp_url": "",
    "mail_from": "",
    "metrics_token": "",
}

WRONG = [
    ("PORT", "0"),
    ("PORT", "65536"),
    ("PORT", "abc"),
    ("WEB_CONCURRENCY", "0"),
    ("THREADS", "257"),
    ("REQUEST_TIMEOUT", "2"),
    ("KEEPALIVE_SECONDS", "0"),
    ("DRAIN_SECONDS", "61"),
    ("MAX_REQUESTS", "-1"),
    ("LOG_LEVEL", "loud"),
    ("ENVIRONMENT", "prod"),
    ("BCRYPT_ROUNDS", "3"),
    ("PASSWORD_MIN_LENGTH", "7"),
    ("ACCESS_TOKEN_MINUTES", "0"),
    ("REFRESH_TOKEN_DAYS", "366"),
    ("TRASH_DAYS", "0"),
    ("REGISTRATION", "x"),
    ("DOCS_ENABLED", "x"),
    ("DATABASE_PREPARE", "x"),
    ("TRUSTED_PROXIES", "-1"),
    ("CORS_ORIGINS", "*"),
    ("CORS_ORIGINS", "https://app.example.org,*"),
    ("CORS_ORIGINS", "https://*.example.org"),
    ("CORS_ORIGINS", "https://app.example.org/path"),
    ("CORS_ORIGINS", "https://"),
    ("CORS_ORIGINS", "null"),
    ("PUBLIC_URL", "x"),
    ("PUBLIC_URL", "https://"),
    ("PUBLIC_URL", "https://[::1"),
    ("PUBLIC_URL", f"https://host:{PLANTED}"),
    ("CORS_ORIGINS", "https://[::1"),
    ("APP_URL", "x"),
    ("APP_URL", "https://app.example.org/#page"),
    ("REQUIRE_VERIFIED_EMAIL", "x"),
    ("SMTP_URL", "x"),
    ("SMTP_URL", "smtp://"),
    ("SMTP_URL", f"http://ann:{PLANTED}@host"),
    ("SMTP_URL", f"smtp://ann:{PLANTED}@host:port"),
    ("MAIL_FROM", "x"),
    ("MAIL_FROM", "Tasks <tasks@example.org"),
    ("MAIL_FROM", "Tasks\nBcc: <tasks@example.org>"),
    ("METRICS_TOKEN", f"{PLANTED} and a blank"),
    ("METRICS_TOKEN", f"short-{PLANTED}"),
    ("METRICS_TOKEN", f"{GOOD[:-1]}"),
    ("METRICS_TOKEN", f"change-me-{PLANTED}-change-me-change-me"),
    ("METRICS_TOKEN", PLANTED * 10),
    ("RATELIMIT_STORAGE_URI", "x"),
    ("RATELIMIT_STORAGE_URI", f"redis://:{PLANTED}@host:port/0"),
    ("RATELIMIT_STORAGE_URI", f"mysql://ann:{PLANTED}@host"),
    ("RATELIMIT_STORAGE_URI", f"redis+sentinel://:{PLANTED}@host/name"),
    ("RATELIMIT_STORAGE_URI", f"redis+cluster://:{PLANTED}@host"),
    ("DATABASE_URL", f"mysql://ann:{PLANTED}@host/name"),
    ("DATABASE_URL", f"postgresql://ann:{PLANTED}@host:port/name"),
    ("DATABASE_URL", f"postgresql://ann:{PLANTED}@one:5432,two:port/name"),
    ("DATABASE_REPLICA_URL", f"postgresql://ann:{PLANTED}@host/name"),
    ("DATABASE_REPLICA_URL", "sqlite:////nowhere/replica.db"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", f"garbage-{PLANTED}"),
    ("SECRET_KEY", f"short-{PLANTED}"),
    ("SECRET_KEY", f"change-me-{PLANTED}-change-me-change-me"),
    ("SECRET_KEY", PLANTED * 10),
    ("SECRET_KEY_PREVIOUS", f"short-{PLANTED}"),
    ("SECRET_KEY_PREVIOUS", f"your-{PLANTED}-change-in-production"),
    ("SECRET_KEY_PREVIOUS", PLANTED * 10),
    ("SECRET_KEY_FILE", f"/nowhere/{PLANTED}"),
]


def environment(**settings: str) -> dict[str, str]:
    """Say every setting, so that no `.env` of a developer matters."""
    unset = {name.upper(): text(value) for name, value in DEFAULTS.items()}
    usual = {"SECRET_KEY": GOOD, "DATABASE_URL": "sqlite:////nowhere/tasks.db"}
    return {"PATH": os.environ["PATH"]} | unset | usual | settings


def text(value: Any) -> str:
    return "" if value == () else str(value)


def run(
    words: list[str], variables: dict[str, str], folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own commands
        words, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )


def start_together(words: list[str], variables: dict[str, str]) -> list[str]:
    """Start four processes at the same time and return what each of them says."""
    started = [
        subprocess.Popen(words, cwd=ROOT, env=variables, stdout=-1, text=True)  # noqa: S603 - our own commands
        for _ in range(4)
    ]
    return [process.communicate(timeout=30)[0].strip() for process in started]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with the settings alone: no `.env`, no database."""
    shutil.copy(ROOT / "config.py", tmp_path)
    return tmp_path


def test_settings_have_defaults(checkout: Path) -> None:
    variables = {"PATH": os.environ["PATH"]}

    shown = run(SHOW, variables, checkout).stdout

    file = checkout / "instance" / "taskapi.db"
    secret = file.with_name("taskapi.db.secret").read_text()
    own = {"secret_key": secret, "database_url": f"sqlite:///{file}"}
    assert shown.strip() == str(dict(sorted((own | DEFAULTS).items())))


def test_each_default_is_tested() -> None:
    names = {one.name for one in fields(config.Settings)}

    assert names - {"secret_key", "database_url"} == set(DEFAULTS)


@pytest.mark.parametrize(
    ("name", "value"), WRONG, ids=[f"{name}={value}" for name, value in WRONG]
)
def test_invalid_setting_ends_the_process_with_a_message(name: str, value: str) -> None:
    variables = environment(**{name: value})

    stopped = run(SERVE, variables)

    assert stopped.returncode == 1
    assert stopped.stderr.count("\n") == 1
    assert stopped.stderr.startswith(f"taskapi: {name.removesuffix('_FILE')}: ")
    assert PLANTED not in stopped.stderr + stopped.stdout


@pytest.mark.parametrize(
    "words",
    [
        [PYTHON, "-c", "import wsgi"],
        [str(TOOLS / "gunicorn"), "--check-config", "wsgi:app"],
        [str(TOOLS / "flask"), "users", "list"],
        [str(TOOLS / "flask"), "db", "upgrade"],
    ],
    ids=["wsgi", "gunicorn", "flask", "migrations"],
)
def test_each_program_reports_an_invalid_setting(words: list[str]) -> None:
    variables = environment(PORT="0")

    stopped = run(words, variables)

    assert stopped.returncode == 1
    assert stopped.stderr.startswith("taskapi: PORT: ")
    assert stopped.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "sender", ["tasks@example.org", "<t@b>", "Tasks <tasks@example.org>", "Büro <t@b>"]
)
def test_sender_can_have_a_name(sender: str) -> None:
    mail = {"SMTP_URL": f"smtps://ann:{PLANTED}@host", "MAIL_FROM": sender}

    shown = run(SHOW, environment(**mail))

    assert f"'mail_from': {sender!r}" in shown.stdout


@pytest.mark.parametrize(
    ("host", "bind", "address"),
    [
        ("127.0.0.1", "127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("0.0.0.0", "0.0.0.0:8000", "http://127.0.0.1:8000"),  # noqa: S104 - not bound
        ("::1", "[::1]:8000", "http://[::1]:8000"),
        ("[::1]", "[::1]:8000", "http://[::1]:8000"),
        ("::", "[::]:8000", "http://127.0.0.1:8000"),
        ("localhost", "localhost:8000", "http://localhost:8000"),
    ],
)
def test_bind_and_address_use_the_url_format(
    host: str, bind: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST", host)
    monkeypatch.setenv("PORT", "8000")

    settings = config.from_env()

    assert (settings.bind, settings.address) == (bind, address)


def test_gunicorn_uses_bind_and_keepalive_of_the_settings() -> None:
    variables = environment(HOST="::1", PORT="8001", KEEPALIVE_SECONDS="77")

    shown = run([str(TOOLS / "gunicorn"), "--print-config", "wsgi:app"], variables)

    lines = dict(re.findall(r"^(\w+) += (.*)$", shown.stdout, re.MULTILINE))
    assert (lines["bind"], lines["keepalive"]) == ("['[::1]:8001']", "77")


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("", "https://taskapi.onrender.com"),
        ("https://t.example.org", "https://t.example.org"),
    ],
    ids=["Render's", "our own"],
)
def test_public_url_defaults_to_that_of_render(own: str, expected: str) -> None:
    external = "https://taskapi.onrender.com"
    variables = environment(PUBLIC_URL=own, RENDER_EXTERNAL_URL=external)

    shown = run(telling("public_url"), variables)

    assert shown.stdout.strip() == expected


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"SMTP_URL": f"smtp://ann:{PLANTED}@host"}, "MAIL_FROM"),
        ({"REQUIRE_VERIFIED_EMAIL": "true"}, "REQUIRE_VERIFIED_EMAIL"),
    ],
    ids=["no-sender", "no-mail"],
)
def test_mail_settings_that_contradict_are_rejected(
    settings: dict[str, str], named: str
) -> None:
    variables = environment(ENVIRONMENT="production", **settings)

    stopped = run(SERVE, variables)

    assert stopped.returncode == 1
    assert stopped.stderr.startswith(f"taskapi: {named}: ")
    assert PLANTED not in stopped.stderr


@pytest.mark.parametrize("environ", ["development", "testing"])
def test_verified_emails_need_no_mail_in_development(environ: str) -> None:
    variables = environment(ENVIRONMENT=environ, REQUIRE_VERIFIED_EMAIL="true")

    shown = run(SHOW, variables)

    assert "'require_verified_email': True" in shown.stdout


def test_postgresql_requires_a_secret() -> None:
    address = f"postgresql://ann:{PLANTED}@host/name"
    variables = environment(SECRET_KEY="", DATABASE_URL=address)

    stopped = run(SERVE, variables)

    assert stopped.returncode == 1
    assert stopped.stderr.startswith("taskapi: SECRET_KEY: missing")
    assert stopped.stderr.count("\n") == 1
    assert PLANTED not in stopped.stderr


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_each_postgresql_scheme_selects_psycopg(scheme: str) -> None:
    variables = environment(DATABASE_URL=f"{scheme}://ann:pw@host/name?sslmode=require")

    shown = run(URL, variables)

    expected = "postgresql+psycopg://ann:pw@host/name?sslmode=require"
    assert shown.stdout.strip() == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param(
            "ann:pw@one:5432,two:6432/name?sslmode=require",
            "ann:pw@/name?host=one,two&port=5432,6432&sslmode=require"
            "&target_session_attrs=read-write",
            id="the one that writes is looked for",
        ),
        pytest.param(
            "one,[::1]:6432/name?target_session_attrs=any",
            "/name?host=one,::1&port=,6432&target_session_attrs=any",
            id="unless another is set",
        ),
    ],
)
def test_several_postgresql_hosts_are_converted(address: str, expected: str) -> None:
    variables = environment(DATABASE_URL=f"postgresql://{address}")

    shown = run(URL, variables)

    assert shown.stdout == f"postgresql+psycopg://{expected}\n", shown.stderr


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("", "", id="none"),
        pytest.param(
            f"postgres://ann:{PLANTED}@two/name",
            f"postgresql+psycopg://ann:{PLANTED}@two/name",
            id="one",
        ),
        pytest.param(
            "postgresql://two,three:6432/name",
            "postgresql+psycopg:///name?host=two,three&port=,6432"
            "&target_session_attrs=standby",
            id="the first of several that follows",
        ),
    ],
)
def test_replica_url_is_converted_like_that_of_the_primary(
    address: str, expected: str
) -> None:
    variables = environment(
        DATABASE_URL="postgresql://one/name", DATABASE_REPLICA_URL=address
    )

    shown = run(REPLICA, variables)

    assert shown.stdout == f"{expected}\n", shown.stderr


@pytest.mark.parametrize(
    "address", ["sqlite:////a.db", f"x{PLANTED}", "postgres://a:b"]
)
def test_invalid_replica_url_is_rejected(address: str) -> None:
    variables = environment(
        DATABASE_URL="postgresql://one/name", DATABASE_REPLICA_URL=address
    )

    stopped = run(REPLICA, variables)

    assert stopped.returncode == 1
    assert stopped.stderr.startswith("taskapi: DATABASE_REPLICA_URL: ")
    assert PLANTED not in stopped.stderr


def test_relative_sqlite_path_is_relative_to_the_working_directory(
    checkout: Path,
) -> None:
    variables = environment(DATABASE_URL="sqlite:///data/tasks.db?timeout=3")

    shown = run(URL, variables, checkout)

    expected = f"sqlite:///{checkout}/data/tasks.db?timeout=3"
    assert shown.stdout.strip() == expected


def test_concurrent_processes_share_the_generated_secret(
    tmp_path: Path,
) -> None:
    file = tmp_path / "new" / "tasks.db"
    variables = environment(SECRET_KEY="", DATABASE_URL=f"sqlite:///{file}")

    secrets = start_together(SECRET, variables)

    kept = tmp_path / "new" / "tasks.db.secret"
    assert set(secrets) == {kept.read_text()}
    assert len(secrets[0]) >= 32
    assert kept.stat().st_mode & 0o777 == 0o600
    assert list(kept.parent.iterdir()) == [kept]


def test_generated_secret_is_stored(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/tasks.db"
    variables = environment(SECRET_KEY="", DATABASE_URL=address)

    first, second = run(SECRET, variables), run(SECRET, variables)

    assert first.stdout
    assert first.stdout == second.stdout


def test_setting_can_be_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(GOOD[::-1])
    variables = environment(SECRET_KEY_FILE=str(tmp_path / "key"))

    shown = run(SECRET, variables)

    assert shown.stdout.strip() == GOOD[::-1]


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("database_url", "postgresql://a:b@host/c", "postgresql+psycopg://a:b@host/c"),
        ("metrics_token", GOOD, GOOD),
    ],
)
def test_line_end_of_a_file_is_not_part_of_the_value(
    tmp_path: Path, name: str, value: str, read: str
) -> None:
    (tmp_path / "value").write_text(f"{value}\n")
    variables = environment(**{f"{name.upper()}_FILE": str(tmp_path / "value")})

    shown = run(telling(name), variables)

    assert shown.stdout == f"{read}\n"


def test_environment_takes_precedence_over_dotenv(checkout: Path) -> None:
    (checkout / ".env").write_text("PORT=8001\nTHREADS=5\n")
    variables = {"PATH": os.environ["PATH"], "PORT": "8002"}

    shown = run(SHOW, variables, checkout)

    assert "'port': 8002" in shown.stdout
    assert "'threads': 5" in shown.stdout


def test_settings_repr_contains_no_secret() -> None:
    settings = config.Settings(
        secret_key=f"{PLANTED}-1",
        secret_key_previous=f"{PLANTED}-2",
        database_url=f"postgresql://ann:{PLANTED}@host/name",
        database_replica_url=f"postgresql://ann:{PLANTED}@host/name",
        smtp_url=f"smtp://ann:{PLANTED}@host",
    )

    shown = repr(settings) + str(settings)

    assert PLANTED not in shown
