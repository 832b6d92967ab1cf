"""The settings of taskapi: names, types, defaults and conditions.

The environment variable of a setting is the name of its field in capitals. `NAME_FILE`
may name a file that contains the value (Docker secrets). An invalid value ends the
process with one line, which names the setting and never quotes the value.
"""

import os
import re
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import urlsplit

from environs import EnvError, FileAwareEnv
from marshmallow import validate

PROJECT = Path(__file__).parent.resolve()
DEFAULT_DATABASE_URL = f"sqlite:///{PROJECT / 'instance' / 'taskapi.db'}"
POSTGRESQL = ("postgres://", "postgresql://", "postgresql+psycopg://")
CONFIDENTIAL = ("secret_key", "secret_key_previous", "metrics_token")
MIN_SECRET_BYTES = 32
MIN_SECRET_CHARACTERS = 8  # distinct characters
PLACEHOLDERS = ("change", "secret", "example", "password", "placeholder", "your-")
Check = Callable[[str], str]
MAILBOX = r"[!-;=?A-~]+@[!-;=?A-~]+"
env = FileAwareEnv(strip_whitespace=True)
SENDER = rf"{MAILBOX}|[^<>@\x00-\x1f\x7f]* ?<{MAILBOX}>"


class SettingError(ValueError):
    """An invalid setting; the message names it and says what is expected."""


class Environment(StrEnum):
    """The purpose of the process."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"
    TESTING = "testing"


class Registration(StrEnum):
    """Whether anyone may create an account over HTTP."""

    OPEN = "open"
    CLOSED = "closed"


def _pattern(pattern: str, expected: str, *, strip: str = "") -> Check:
    """Return a check of texts, which may be empty; ports in URLs must be numbers."""

    def check(value: str) -> str:
        if value and not re.fullmatch(pattern, value):
            raise SettingError(f"expected {expected}")
        _check_port(value)
        return value.strip(strip) if strip else value

    return check


def _check_port(url: str) -> None:
    try:
        str(urlsplit(url).port)  # urlsplit() does not check the port before it is read
    except ValueError as error:
        raise SettingError("the host or port is invalid") from error


_host = _pattern(r"\S+", "a host or an address", strip="[]")
_page = _pattern(r"https?://[!-\"$-~]+", "an address such as https://host", strip="/")
_origin = _pattern(r"https?://[^/?#*]+", "origins such as https://app.example.org")
_redis = _pattern(r"(redis|rediss|redis\+unix)://.*", "redis://:password@host/0")
_smtp = _pattern(r"smtps?://([^@/]*@)?[^:@/]+.*", "smtp://user:password@host:587")
_sender = _pattern(SENDER, "an address such as tasks@example.org")
_level = _pattern("(?i)DEBUG|INFO|WARNING|ERROR", "DEBUG, INFO, WARNING or ERROR")
_format = _pattern("auto|json|console", "auto, json or console")
_email = _pattern(MAILBOX, "an address such as ann@example.org")
_bearer_token = _pattern(r"(?a)[\w.~+/-]*=*", "letters and digits")


def _database_url(url: str) -> str:
    """Check the URL of PostgreSQL, or make the path of an SQLite file absolute."""
    if not url.startswith("sqlite:///"):
        return _postgresql_url(url)
    path, question_mark, options = url.removeprefix("sqlite:///").partition("?")
    if path in {"", ":memory:"}:
        raise SettingError("expected sqlite:////path/to/file.db")
    return f"sqlite:///{Path(path).resolve()}{question_mark}{options}"


def _postgresql_url(url: str) -> str:
    """Check a URL, which may name several hosts: postgresql://one:5432,two:5432/name."""
    if not url.startswith(POSTGRESQL):
        raise SettingError("expected postgresql://user:password@host/name")
    authority = url.partition("://")[2].partition("/")[0]
    for host in authority.rpartition("@")[2].split(","):
        _check_port(f"//{host}")
    return url


def _text(check: Check, default: str = "") -> Any:
    return _setting(default, lambda name: check(env.str(name, default)))


def _confidential(default: str = "", check: Check = str) -> Any:
    """Return the field of a text that repr() omits."""
    read = {"read": lambda name: check(env.str(name, default).strip())}
    return field(default=default, repr=False, metadata=read)


def _number(default: int, low: int, high: int) -> Any:
    check = validate.Range(low, high)
    return _setting(default, lambda name: env.int(name, default, validate=check))


def _switch(*, default: bool) -> Any:
    return _setting(default, lambda name: env.bool(name, default))


def _choice(default: StrEnum) -> Any:
    kind = type(default)
    return _setting(default, lambda n: env.enum(n, default, enum=kind, by_value=True))


def _list(check: Check = str) -> Any:
    return _setting((), lambda name: tuple(map(check, env.list(name, []))))


def _setting(default: object, read: object) -> Any:
    return field(default=default, metadata={"read": read})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of the process, which do not change after the start."""

    environment: Environment = _choice(Environment.DEVELOPMENT)
    database_url: str = _confidential(DEFAULT_DATABASE_URL, _database_url)
    database_replica_url: str = _confidential(
        check=lambda url: url and _postgresql_url(url)
    )
    database_prepare: bool = _switch(default=True)
    secret_key: str = _confidential()
    secret_key_previous: str = _confidential()
    host: str = _text(_host, "127.0.0.1")
    port: int = _number(8000, 1, 65_535)
    web_concurrency: int = _number(2, 1, 256)
    threads: int = _number(16, 1, 256)
    max_requests_in_progress: int = _number(0, 0, 1_024)
    request_timeout: int = _number(10, 3, 300)
    keepalive_seconds: int = _number(100, 1, 3_600)
    drain_seconds: int = _number(0, 0, 60)
    max_requests: int = _number(0, 0, 10_000_000)
    log_level: str = _text(lambda name: _level(name).upper(), "INFO")
    log_format: str = _text(_format, "auto")
    public_url: str = _text(_page)
    app_url: str = _text(_page)
    cors_origins: tuple[str, ...] = _list(_origin)
    cors_private_network: bool = _switch(default=False)
    trusted_hosts: tuple[str, ...] = _list()
    trusted_proxies: int = _number(0, 0, 10)
    access_token_minutes: int = _number(30, 1, 1_440)
    refresh_token_days: int = _number(7, 1, 365)
    trash_days: int = _number(30, 1, 3_650)
    max_tasks_per_user: int = _number(100_000, 1, 10_000_000)
    bcrypt_rounds: int = _number(12, 4, 16)
    password_min_length: int = _number(8, 8, 128)
    registration: Registration = _choice(Registration.OPEN)
    first_admin_email: str = _text(_email)
    first_admin_password: str = _confidential()
    require_verified_email: bool = _switch(default=False)
    require_api_key: bool = _switch(default=False)
    require_if_match: bool = _switch(default=False)
    docs_enabled: bool = _switch(default=True)
    ratelimit_enabled: bool = _switch(default=True)
    ratelimit_per_minute: int = _number(300, 1, 1_000_000)
    ratelimit_auth_per_minute: int = _number(20, 1, 1_000_000)
    ratelimit_storage_uri: str = _confidential(check=_redis)
    smtp_url: str = _confidential(check=_smtp)
    mail_from: str = _text(_sender)
    metrics_token: str = _confidential(check=_bearer_token)

    @property
    def bind(self) -> str:
        """The address that gunicorn listens on."""
        return _authority(self.host, self.port)

    @property
    def address(self) -> str:
        """The URL of the service for clients on this machine."""
        is_any = not self.host.strip("0.:")  # 0.0.0.0 and ::
        return f"http://{_authority('127.0.0.1' if is_any else self.host, self.port)}"


def _authority(host: str, port: int) -> str:
    """Return host and port in the format of URLs (RFC 3986, section 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def from_env() -> Settings:
    """Read the settings from the environment and, where it has none, from `.env`."""
    env.read_env(str(PROJECT / ".env"), recurse=False)
    readers = {f.name: f.metadata["read"] for f in fields(Settings)}
    values = {name: _read(read, name.upper()) for name, read in readers.items()}
    values |= _render_defaults(values)
    url, secret = values["database_url"], values["secret_key"]
    values["secret_key"] = secret or _stored_secret(url)
    if values["environment"] is not Environment.TESTING:
        for name in filter(values.get, CONFIDENTIAL):
            _reject_weak(name.upper(), values[name])
    _reject_contradictions(values)
    return Settings(**values)


def _render_defaults(values: dict[str, Any]) -> dict[str, Any]:
    """Return defaults from a variable that Render sets; a blueprint cannot do that."""
    url = _read(lambda name: _page(env.str(name, "")), "RENDER_EXTERNAL_URL")
    public = values["public_url"] or url
    pages = dict.fromkeys((public, url)) if url else ()
    hosts = values["trusted_hosts"] or tuple(str(urlsplit(p).hostname) for p in pages)
    return {"public_url": public, "trusted_hosts": hosts}


@cache  # a reload of gunicorn does not read them again: the app stays loaded
def load() -> Settings:
    """Read the settings once, or end the process with one line about the error."""
    try:
        return from_env()
    except SettingError as error:
        sys.exit(f"taskapi: {error}")


def _read(read: Any, name: str) -> Any:
    try:
        return read(name)
    except SettingError as error:
        raise SettingError(f"{name}: {error}") from error
    except (EnvError, ValueError, OSError) as error:
        detail = getattr(error, "error_messages", None) or ["cannot be read"]
        raise SettingError(f"{name}: {detail[0]}") from error


def _stored_secret(database_url: str) -> str:
    """Read the secret next to an SQLite file, and create it at the first start."""
    if not database_url.startswith("sqlite:///"):
        command = 'python -c "import secrets; print(secrets.token_urlsafe(48))"'
        raise SettingError(f"SECRET_KEY: missing; create one with: {command}")
    database = Path(database_url.removeprefix("sqlite:///").partition("?")[0])
    target = Path(f"{database}.secret")
    try:
        if not target.exists():
            created = secrets.token_urlsafe(48)
            is_command = sys.argv[0].endswith("/flask") and "run" not in sys.argv
            if is_command and not database.exists():
                return created  # which signs nothing
            _create_once(target, created)
        return target.read_text()
    except OSError as error:
        reason = f"its folder cannot store one ({error.strerror})"
        raise SettingError(f"SECRET_KEY: missing, and {reason}") from error


def _create_once(target: Path, text: str) -> None:
    """Create a complete file with mode 600; of several processes the first one wins."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with NamedTemporaryFile("w", dir=target.parent) as file:
        file.write(text)
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, target)


def _reject_weak(name: str, secret: str) -> None:
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise SettingError(f"{name}: at least {MIN_SECRET_BYTES} bytes are required")
    is_known = any(word in secret.lower() for word in PLACEHOLDERS)
    if is_known or len(set(secret)) < MIN_SECRET_CHARACTERS:
        raise SettingError(f"{name}: looks like a placeholder; use a random value")


def _reject_contradictions(values: dict[str, Any]) -> None:
    if values["database_replica_url"] and values["database_url"].startswith("sqlite"):
        raise SettingError("DATABASE_REPLICA_URL: requires PostgreSQL in DATABASE_URL")
    if values["smtp_url"] and not values["mail_from"]:
        raise SettingError("MAIL_FROM: missing, but required by SMTP_URL")
    has_no_mail = values["environment"] == "production" and not values["smtp_url"]
    if values["require_verified_email"] and has_no_mail:
        raise SettingError("REQUIRE_VERIFIED_EMAIL: requires SMTP_URL")
    password = values["first_admin_password"]
    if values["first_admin_email"] and len(password) < values["password_min_length"]:
        raise SettingError("FIRST_ADMIN_PASSWORD: missing, or too short")
