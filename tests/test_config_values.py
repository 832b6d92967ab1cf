"""Validation and conversion of the values of settings."""

from collections.abc import Callable
from pathlib import Path

import pytest

import config
from tests.helpers.settings import (
    GOOD_SECRET,
    INVALID,
    PASSWORD,
    settings_environment,
)

Read = Callable[..., config.Settings]
Fail = Callable[..., str]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Return a function that reads the settings from environment variables."""

    def from_variables(**variables: str) -> config.Settings:
        for name, value in settings_environment(**variables).items():
            monkeypatch.setenv(name, value)
        return config.load.__wrapped__()

    return from_variables


@pytest.fixture
def fail(read: Read) -> Fail:
    """Return a function that reads invalid settings and returns the message."""

    def from_variables(**variables: str) -> str:
        with pytest.raises(SystemExit) as stopped:
            read(**variables)
        message = stopped.value.code
        assert isinstance(message, str), "a string is printed, and the status is 1"
        assert "\n" not in message
        assert PASSWORD not in message
        return message

    return from_variables


@pytest.mark.parametrize(
    ("name", "value"), INVALID, ids=[f"{name}={value}" for name, value in INVALID]
)
def test_invalid_setting_ends_the_process_with_a_message(
    fail: Fail, name: str, value: str
) -> None:
    message = fail(**{name: value})

    assert message.startswith(f"taskapi: {name.removesuffix('_FILE')}: ")


@pytest.mark.parametrize(
    "sender", ["tasks@example.org", "<t@b>", "Tasks <tasks@example.org>", "Büro <t@b>"]
)
def test_sender_can_have_a_name(read: Read, sender: str) -> None:
    settings = read(SMTP_URL=f"smtps://ann:{PASSWORD}@host", MAIL_FROM=sender)

    assert settings.mail_from == sender


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
    read: Read, host: str, bind: str, address: str
) -> None:
    settings = read(HOST=host, PORT="8000")

    assert (settings.bind, settings.address) == (bind, address)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("", "https://taskapi.onrender.com"),
        ("https://t.example.org", "https://t.example.org"),
    ],
    ids=["default", "set"],
)
def test_public_url_defaults_to_that_of_render(
    read: Read, own: str, expected: str
) -> None:
    external = "https://taskapi.onrender.com"

    settings = read(PUBLIC_URL=own, RENDER_EXTERNAL_URL=external)

    assert settings.public_url == expected


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"SMTP_URL": f"smtp://ann:{PASSWORD}@host"}, "MAIL_FROM"),
        ({"REQUIRE_VERIFIED_EMAIL": "true"}, "REQUIRE_VERIFIED_EMAIL"),
    ],
    ids=["no-sender", "no-mail"],
)
def test_mail_settings_that_contradict_are_rejected(
    fail: Fail, variables: dict[str, str], name: str
) -> None:
    message = fail(ENVIRONMENT="production", **variables)

    assert message.startswith(f"taskapi: {name}: ")


@pytest.mark.parametrize("environment", ["development", "testing"])
def test_verified_emails_need_no_mail_in_development(
    read: Read, environment: str
) -> None:
    settings = read(ENVIRONMENT=environment, REQUIRE_VERIFIED_EMAIL="true")

    assert settings.require_verified_email


def test_postgresql_requires_a_secret(fail: Fail) -> None:
    url = f"postgresql://ann:{PASSWORD}@host/name"

    message = fail(SECRET_KEY="", DATABASE_URL=url)

    assert message.startswith("taskapi: SECRET_KEY: missing")


@pytest.mark.parametrize("url", ["sqlite:////a.db", f"x{PASSWORD}", "postgres://a:b"])
def test_invalid_replica_url_is_rejected(fail: Fail, url: str) -> None:
    message = fail(DATABASE_URL="postgresql://one/name", DATABASE_REPLICA_URL=url)

    assert message.startswith("taskapi: DATABASE_REPLICA_URL: ")


def test_setting_can_be_read_from_a_file(read: Read, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(GOOD_SECRET[::-1])

    settings = read(SECRET_KEY_FILE=str(tmp_path / "key"))

    assert settings.secret_key == GOOD_SECRET[::-1]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("database_url", "postgresql://a:b@host/c", "postgresql://a:b@host/c"),
        ("metrics_token", GOOD_SECRET, GOOD_SECRET),
    ],
)
def test_line_end_of_a_file_is_not_part_of_the_value(
    read: Read, tmp_path: Path, name: str, value: str, expected: str
) -> None:
    (tmp_path / "value").write_text(f"{value}\n")

    settings = read(**{f"{name.upper()}_FILE": str(tmp_path / "value")})

    assert getattr(settings, name) == expected
