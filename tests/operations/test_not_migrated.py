"""A database without the tables of this release, at the start and in requests."""

from flask import Flask
from structlog.testing import capture_logs

from taskapi import maintenance
from taskapi.db import errors
from taskapi.server.command_line import flask_command
from tests.helpers.client import Client, assert_problem
from tests.helpers.sql import execute
from tests.operations.conftest import Fresh


def test_start_without_schema_logs_the_command(fresh: Fresh) -> None:
    app = fresh(
        first_admin_email="root@example.org", first_admin_password="a long walk"
    )

    with capture_logs() as logged:
        assert not maintenance.prepare(app)

    (event,) = logged
    assert event["event"] == "database is not migrated"
    assert event["command"] == flask_command("db upgrade")


def test_other_workers_do_not_log_a_missing_schema(fresh: Fresh) -> None:
    app = fresh()

    with capture_logs() as logged:
        assert not maintenance.prepare(app, is_first=False)

    assert logged == []


def test_request_without_schema_logs_the_command(fresh: Fresh) -> None:
    client = Client(fresh())

    with capture_logs() as logged:
        response = client.post("auth/login", {"username": "a", "password": "b"})

    assert response.status_code == 503
    assert logged[0]["event"] == "database is not migrated"
    assert logged[0]["command"] == flask_command("db upgrade")


def test_write_of_a_missing_column_logs_the_command(app: Flask, ann: Client) -> None:
    execute(app, "ALTER TABLE tasks RENAME COLUMN title TO former_title")

    try:
        with capture_logs() as logged:
            responses = [ann.post("tasks", {"title": "Sow"}), ann.get("tasks")]
    finally:
        execute(app, "ALTER TABLE tasks RENAME COLUMN former_title TO title")

    for response in responses:
        problem = assert_problem(response, 503, "service-unavailable")
        assert problem["detail"] == errors.NOT_MIGRATED
        assert response.headers["Retry-After"] == "10"
    entries = [one for one in logged if one["event"] == "database is not migrated"]
    assert len(entries) >= 2
    assert all("title" in entry["cause"] for entry in entries)
