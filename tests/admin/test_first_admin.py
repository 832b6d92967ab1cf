"""FIRST_ADMIN_EMAIL and FIRST_ADMIN_PASSWORD: the first administrator."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from structlog.testing import capture_logs

from taskapi import maintenance
from taskapi.server.command_line import flask_command
from tests.helpers.client import Client
from tests.helpers.concurrency import run_concurrently
from tests.helpers.sql import execute

EMAIL, PASSWORD = "root@example.org", "a long walk at dawn"
SETTINGS = {"first_admin_email": EMAIL, "first_admin_password": PASSWORD}


@pytest.fixture
def configured(app_with: Callable[..., Flask]) -> Flask:
    return app_with(**SETTINGS)


def roles(app: Flask) -> list[Any]:
    return execute(app, "SELECT email, role, email_verified FROM users ORDER BY id")


def test_first_administrator_is_created_and_can_log_in(configured: Flask) -> None:
    assert maintenance.prepare(configured)

    response = Client(configured).post(
        "auth/login", {"username": EMAIL, "password": PASSWORD}
    )

    assert response.status_code == 200
    assert roles(configured) == [(EMAIL, "admin", True)]


def test_first_administrator_is_created_once(configured: Flask) -> None:
    for _ in range(2):
        maintenance.prepare(configured)
    execute(configured, "UPDATE users SET email = 'ann@example.org'")

    maintenance.prepare(configured)

    assert roles(configured) == [("ann@example.org", "admin", True)]


def test_workers_that_start_together_create_one_administrator(
    configured: Flask,
) -> None:
    with capture_logs() as logged:
        run_concurrently(*[lambda: maintenance.prepare(configured)] * 4)

    assert roles(configured) == [(EMAIL, "admin", True)]
    assert [e["event"] for e in logged].count("first administrator created") == 1
    assert "first administrator not created" not in [e["event"] for e in logged]


def test_account_with_the_email_is_not_promoted(
    configured: Flask, anonymous: Client
) -> None:
    anonymous.post("auth/register", {"email": EMAIL, "password": "another password"})

    with capture_logs() as logged:
        maintenance.prepare(configured)

    assert [role for _, role, _ in roles(configured)] == ["user"]
    assert [e["event"] for e in logged] == ["first administrator not created"]
    assert EMAIL not in str(logged)


def test_start_without_administrator_logs_the_command(app: Flask) -> None:
    with capture_logs() as logged:
        maintenance.prepare(app)

    (event,) = logged
    assert event["event"] == "no administrator"
    assert event["command"] == flask_command("users create --admin")


@pytest.mark.one_database
def test_other_workers_do_not_log_a_missing_administrator(app: Flask) -> None:
    with capture_logs() as logged:
        assert maintenance.prepare(app, is_first=False)

    assert logged == []


def test_weak_password_is_logged_with_the_reason(
    app_with: Callable[..., Flask],
) -> None:
    app = app_with(first_admin_email=EMAIL, first_admin_password="password")

    with capture_logs() as logged:
        maintenance.prepare(app)

    (event,) = logged
    assert event["event"] == "first administrator not created"
    assert event["cause"].startswith("password: ")
    assert roles(app) == []
