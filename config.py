"""Every setting of taskapi: its name, type, default and what makes it unsafe.

The environment variable is the field's name in capitals; `NAME_FILE` may name a file
that holds the value instead (Docker secrets). `from_env()` is the only reader. What is
wrong stops the start with one line that names the setting.
"""

import os
import re
import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from environs import EnvError, FileAwareEnv
from marshmallow import validate

import config_urls
from config_urls import SettingError

PROJECT = Path(__file__).parent.resolve()
DEFAULT_DATABASE_URL = f"sqlite:///{PROJECT / 'instance' / 'taskapi.db'}"
SECRET_BYTES = 32
SECRET_CHARACTERS = 8
MAILBOX = r"[!-;=?A-~]+@[!-;=?A-~]+"
TOKEN = validate.Regexp(r"(?a)[\w.~+/-]*=*\Z", error="expected letters and digits")
SENDER = re.compile(rf"{MAILBOX}|[^<>@\x00-\x1f\x7f]* ?<{MAILBOX}>")
KNOWN_SECRETS = ("change", "secret", "example", "password", "placeholder", "your-")


class Environment(StrEnum):
    """What the process is for."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"
    TESTING = "testing"


class Registration(StrEnum):
    """Whether anyone may make an account over HTTP."""

    OPEN = "open"
    CLOSED = "closed"


env = FileAwareEnv(strip_whitespace=True)


def _text(default: str, *allowed: str) -> Any:
    check = validate.OneOf(allowed) if allowed else None
    return _setting(default, lambda name: env.str(name, default, validate=check))


def _host(default: str) -> Any:
    """Read a host; the brackets that an IPv6 address has in URLs are left out."""
    return _setting(default, lambda name: env.str(name, default).strip("[]"))


def _confidential(default: str = "", shape: Any = None) -> Any:
    read = {"read": lambda name: env.str(name, default, validate=shape).strip()}
    return field(default=default, repr=False, metadata=read)


def _number(default: int, low: int, high: int) -> Any:
    check = validate.Range(low, high)
    return _setting(default, lambda name: env.int(name, default, validate=check))


def _switch(*, default: bool) -> Any:
    return _setting(default, lambda name: env.bool(name, default))


def _choice(default: StrEnum) -> Any:
    kind = type(default)
    return _setting(
        default, lambda name: env.enum(name, default, enum=kind, by_value=True)
    )


def _names() -> Any:
    return _setting((), lambda name: tuple(env.list(name, [])))


def _setting(default: object, read: object) -> Any:
    return field(default=default, metadata={"read": read})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings, read once and never changed."""

    environment: Environment = _choice(Environment.DEVELOPMENT)
    database_url: str = _confidential(DEFAULT_DATABASE_URL)
    database_replica_url: str = _confidential()
    database_prepare: bool = _switch(default=True)
    secret_key: str = _confidential()
    secret_key_previous: str = _confidential()
    host: str = _host("127.0.0.1")
    port: int = _number(8000, 1, 65_535)
    web_concurrency: int = _number(2, 1, 256)
    threads: int = _number(16, 1, 256)
    max_requests_in_progress: int = _number(0, 0, 1_024)
    request_timeout: int = _number(10, 3, 300)
    keepalive_seconds: int = _number(100, 1, 3_600)
    drain_seconds: int = _number(0, 0, 60)
    max_requests: int = _number(0, 0, 10_000_000)
    log_level: str = _text("INFO", "DEBUG", "INFO", "WARNING", "ERROR")
    public_url: str = _text("")
    app_url: str = _text("")
    cors_origins: tuple[str, ...] = _names()
    cors_private_network: bool = _switch(default=False)
    trusted_hosts: tuple[str, ...] = _names()
    trusted_proxies: int = _number(0, 0, 10)
    access_token_minutes: int = _number(30, 1, 1_440)
    refresh_token_days: int = _number(7, 1, 365)
    trash_days: int = _number(30, 1, 3_650)
    max_tasks_per_user: int = _number(100_000, 1, 10_000_000)
    bcrypt_rounds: int = _number(12, 4, 16)
    password_min_length: int = _number(8, 8, 128)
    registration: Registration = _choice(Registration.OPEN)
    require_verified_email: bool = _switch(default=False)
    require_api_key: bool = _switch(default=False)
    require_if_match: bool = _switch(default=False)
    docs_enabled: bool = _switch(default=True)
    ratelimit_enabled: bool = _switch(default=True)
    ratelimit_per_minute: int = _number(300, 1, 1_000_000)
    ratelimit_auth_per_minute: int = _number(20, 1, 1_000_000)
    ratelimit_storage_uri: str = _confidential()
    smtp_url: str = _confidential()
    mail_from: str = _text("")
    metrics_token: str = _confidential(shape=TOKEN)

    @property
    def bind(self) -> str:
        """The address to listen on, as gunicorn reads it."""
        return config_urls.authority(self.host, self.port)

    @property
    def address(self) -> str:
        """The URL by which a client on this machine reaches the service."""
        host = self.host if self.host.strip("0.:") else "127.0.0.1"  # of 0.0.0.0 and ::
        return f"http://{config_urls.authority(host, self.port)}"


def from_env() -> Settings:
    """Read the settings from the environment and from `.env`, the environment first."""
    env.read_env(str(PROJECT / ".env"), recurse=False)
    values = {
        f.name: _read(f.metadata["read"], f.name.upper()) for f in fields(Settings)
    }
    url = values["database_url"] = config_urls.database(values["database_url"])
    values["database_replica_url"] = config_urls.replica(values)
    values["secret_key"] = values["secret_key"] or _stored_secret(url)
    if values["environment"] is not Environment.TESTING:
        for name in ("secret_key", "secret_key_previous", "metrics_token"):
            if values[name]:
                _refuse_weak(name.upper(), values[name])
    config_urls.check_origins(values["cors_origins"])
    config_urls.check_store(values["ratelimit_storage_uri"])
    # Render sets it, and a blueprint cannot derive one variable from another
    values["public_url"] = values["public_url"] or env.str("RENDER_EXTERNAL_URL", "")
    for name in ("public_url", "app_url"):
        values[name] = config_urls.public(name.upper(), values[name])
    _refuse_bad_mail(values)
    return Settings(**values)


@cache  # a reload of gunicorn reads no others: the app is loaded already
def load() -> Settings:
    """Read the settings once, or end the process with what is wrong in a line."""
    try:
        return from_env()
    except SettingError as error:
        sys.exit(f"taskapi: {error}")


def _read(read: Any, name: str) -> Any:
    try:
        return read(name)
    except (EnvError, ValueError, OSError) as error:
        detail = getattr(error, "error_messages", None) or ["cannot be read"]
        raise SettingError(f"{name}: {detail[0]}") from error


def _stored_secret(database_url: str) -> str:
    """Read the secret that lies beside an SQLite file; make it at the first start."""
    if not database_url.startswith("sqlite:///"):
        raise SettingError(
            "SECRET_KEY: missing; make one with: "
            'python -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    database = Path(database_url.removeprefix("sqlite:///").partition("?")[0])
    target = database.with_name(f"{database.name}.secret")
    try:
        if not target.exists():
            _write_once(target, secrets.token_urlsafe(48))
        return target.read_text()
    except OSError as error:
        raise SettingError(
            f"SECRET_KEY: missing, and the folder of DATABASE_URL does not let "
            f"one be stored ({error.strerror})"
        ) from error


def _write_once(target: Path, text: str) -> None:
    """Create the file whole and with mode 600; the first of several writers wins."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with NamedTemporaryFile("w", dir=target.parent) as draft:
        draft.write(text)
        draft.flush()
        with suppress(FileExistsError):
            os.link(draft.name, target)


def _refuse_weak(name: str, secret: str) -> None:
    if len(secret.encode()) < SECRET_BYTES:
        raise SettingError(f"{name}: needs at least {SECRET_BYTES} bytes")
    known = any(word in secret.lower() for word in KNOWN_SECRETS)
    if known or len(set(secret)) < SECRET_CHARACTERS:
        raise SettingError(f"{name}: looks like a placeholder; use a random value")


def _refuse_bad_mail(values: dict[str, Any]) -> None:
    url, sender = values["smtp_url"], values["mail_from"]
    parts = config_urls.split("SMTP_URL", url)
    if url and not (parts.scheme in {"smtp", "smtps"} and parts.hostname):
        raise SettingError("SMTP_URL: expected smtp://user:password@host:587")
    if sender and not SENDER.fullmatch(sender):
        raise SettingError("MAIL_FROM: expected an address such as tasks@example.org")
    if url and not sender:
        raise SettingError("MAIL_FROM: missing, and SMTP_URL needs it")
    serves = values["environment"] is Environment.PRODUCTION
    if values["require_verified_email"] and serves and not url:
        raise SettingError("REQUIRE_VERIFIED_EMAIL: needs SMTP_URL")
