"""A database without the tables of this release, at the start and in requests."""

from structlog.testing import capture_logs

from taskapi import maintenance
from tests.helpers.client import Client
from tests.operations.conftest import Fresh


def test_start_without_schema_logs_the_command(fresh: Fresh) -> None:
    app = fresh(
        first_admin_email="root@example.org", first_admin_password="a long walk"
    )

    with capture_logs() as logged:
        assert not maintenance.prepare(app)

    (event,) = logged
    assert event["event"] == "database is not migrated"
    assert event["command"] == "flask db upgrade"


def test_request_without_schema_logs_the_command(fresh: Fresh) -> None:
    client = Client(fresh())

    with capture_logs() as logged:
        response = client.post("auth/login", {"username": "a", "password": "b"})

    assert response.status_code == 503
    assert logged[0]["event"] == "database is not migrated"
    assert logged[0]["command"] == "flask db upgrade"
