"""Values of settings: defaults, invalid ones, and complete environments."""

import os
from dataclasses import fields
from typing import Any

import config

GOOD_SECRET = "Zk3vQ9xL2mT7pR8wY4nB6cD1fG5hJ0aS"
PASSWORD = "hunter2"
"""A part of invalid values that no message may quote."""

DEFAULTS: dict[str, Any] = {
    field.name: field.default
    for field in fields(config.Settings)
    if field.name not in {"secret_key", "database_url"}
}
"""The defaults, which docs/settings.md states too, except of generated values."""

INVALID = [
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
    ("PUBLIC_URL", f"https://host:{PASSWORD}"),
    ("CORS_ORIGINS", "https://[::1"),
    ("APP_URL", "x"),
    ("APP_URL", "https://app.example.org/#page"),
    ("REQUIRE_VERIFIED_EMAIL", "x"),
    ("FIRST_ADMIN_EMAIL", "ann"),
    ("SMTP_URL", "x"),
    ("SMTP_URL", "smtp://"),
    ("SMTP_URL", f"http://ann:{PASSWORD}@host"),
    ("SMTP_URL", f"smtp://ann:{PASSWORD}@host:port"),
    ("MAIL_FROM", "x"),
    ("MAIL_FROM", "Tasks <tasks@example.org"),
    ("MAIL_FROM", "Tasks\nBcc: <tasks@example.org>"),
    ("METRICS_TOKEN", f"{PASSWORD} and a blank"),
    ("METRICS_TOKEN", f"short-{PASSWORD}"),
    ("METRICS_TOKEN", f"{GOOD_SECRET[:-1]}"),
    ("METRICS_TOKEN", f"change-me-{PASSWORD}-change-me-change-me"),
    ("METRICS_TOKEN", PASSWORD * 10),
    ("RATELIMIT_STORAGE_URI", "x"),
    ("RATELIMIT_STORAGE_URI", f"redis://:{PASSWORD}@host:port/0"),
    ("RATELIMIT_STORAGE_URI", f"mysql://ann:{PASSWORD}@host"),
    ("RATELIMIT_STORAGE_URI", f"redis+sentinel://:{PASSWORD}@host/name"),
    ("RATELIMIT_STORAGE_URI", f"redis+cluster://:{PASSWORD}@host"),
    ("DATABASE_URL", f"mysql://ann:{PASSWORD}@host/name"),
    ("DATABASE_URL", f"postgresql://ann:{PASSWORD}@host:port/name"),
    ("DATABASE_URL", f"postgresql://ann:{PASSWORD}@one:5432,two:port/name"),
    ("DATABASE_REPLICA_URL", f"postgresql://ann:{PASSWORD}@host/name"),
    ("DATABASE_REPLICA_URL", "sqlite:////nowhere/replica.db"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", f"garbage-{PASSWORD}"),
    ("SECRET_KEY", f"short-{PASSWORD}"),
    ("SECRET_KEY", f"change-me-{PASSWORD}-change-me-change-me"),
    ("SECRET_KEY", PASSWORD * 10),
    ("SECRET_KEY_PREVIOUS", f"short-{PASSWORD}"),
    ("SECRET_KEY_PREVIOUS", f"your-{PASSWORD}-change-in-production"),
    ("SECRET_KEY_PREVIOUS", PASSWORD * 10),
    ("SECRET_KEY_FILE", f"/nowhere/{PASSWORD}"),
]


def settings_environment(**variables: str) -> dict[str, str]:
    """Return variables for all settings, so that a `.env` file has no effect."""
    defaults = {name.upper(): _text(value) for name, value in DEFAULTS.items()}
    required = {
        "SECRET_KEY": GOOD_SECRET,
        "DATABASE_URL": "sqlite:////nowhere/tasks.db",
    }
    return {"PATH": os.environ["PATH"]} | defaults | required | variables


def _text(value: object) -> str:
    return "" if value == () else str(value)
