"""Expiry, recorded use and purge of sessions and keys, to the second."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from tests.api_keys.clients import KeyClient, key_client, stored_key
from tests.helpers.cli import run
from tests.helpers.client import Client
from tests.helpers.clock import at, days
from tests.helpers.rows import count

START = 2_000_000_000
FIVE_MINUTES = 300
WEEK = int(days(7))
MONTH = int(days(30))
HOUR = 3600


def time(seconds: float) -> str:
    """Return the time in ISO 8601, given as seconds after the start."""
    return datetime.fromtimestamp(START + seconds, UTC).isoformat()


@pytest.fixture
def early(app: Flask) -> Client:
    """Return a client that logged in at the start."""
    with at(START):
        return Client(app, "ann").register().log_in()


@pytest.fixture
def script(early: Client) -> KeyClient:
    """Return a client with a key that was used at the start and expires in an hour."""
    with at(START):
        script = key_client(early, expires_at=time(HOUR))
        script.get("tasks")
    return script


def last_use(client: Client) -> float:
    """Return when the session was used last, in seconds after the start."""
    recorded = client.get("auth/sessions").json["items"][0]["last_used_at"]
    return datetime.fromisoformat(recorded).timestamp() - START


@pytest.mark.parametrize(
    ("seconds", "recorded"), [(FIVE_MINUTES - 1, 0), (FIVE_MINUTES, FIVE_MINUTES)]
)
def test_use_of_a_session_is_recorded_after_five_minutes(
    early: Client, seconds: int, recorded: int
) -> None:
    with at(START + seconds):
        early.get("tasks")
        used_at = last_use(early)

    assert used_at == recorded


@pytest.mark.parametrize(
    ("seconds", "recorded"), [(FIVE_MINUTES - 1, 0), (FIVE_MINUTES, FIVE_MINUTES)]
)
def test_use_of_a_key_is_recorded_after_five_minutes(
    early: Client, script: KeyClient, seconds: int, recorded: int
) -> None:
    with at(START + seconds):
        script.get("tasks")

    assert stored_key(early).last_used_at.timestamp() == START + recorded


@pytest.mark.parametrize(
    ("seconds", "status"), [(9, 200), (10, 401), (11, 401), (HOUR, 401)]
)
def test_verified_token_ends_ten_seconds_after_its_expiry(
    early: Client, seconds: int, status: int
) -> None:
    with at(START):
        before = early.get("users/me")

    with at(START + early.tokens["expires_in"] + seconds):
        after = early.get("users/me")

    assert (before.status_code, after.status_code) == (200, status)


def test_refresh_is_a_use_of_the_session(early: Client) -> None:
    token = {"refresh_token": early.tokens["refresh_token"]}

    with at(START + 60):
        early.post("auth/refresh", token)
        used_at = last_use(early)

    assert used_at == 60


@pytest.mark.parametrize(("seconds", "status"), [(9, 200), (10, 401)])
def test_lost_response_is_repeated_for_ten_seconds(
    early: Client, seconds: int, status: int
) -> None:
    token = {"refresh_token": early.tokens["refresh_token"]}
    with at(START):
        early.post("auth/refresh", token)

    with at(START + seconds):
        response = early.post("auth/refresh", token)

    assert response.status_code == status


@pytest.mark.parametrize(("seconds", "remaining"), [(WEEK - 1, 1), (WEEK, 0)])
def test_session_is_purged_after_a_week(
    early: Client, seconds: int, remaining: int
) -> None:
    with at(START + seconds):
        run(early.app, "purge")

    assert count(early.app, "sessions") == remaining


@pytest.mark.parametrize(("seconds", "status"), [(HOUR - 1, 200), (HOUR, 401)])
def test_key_expires_at_its_time(script: KeyClient, seconds: int, status: int) -> None:
    with at(START + seconds):
        response = script.get("tasks")

    assert response.status_code == status


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(HOUR + MONTH - 1, "api-key-expired"), (HOUR + MONTH, "api-key-invalid")],
)
def test_key_is_purged_30_days_after_its_expiry(
    script: KeyClient, seconds: int, code: str
) -> None:
    with at(START + seconds):
        run(script.app, "purge")
        response = script.get("tasks")

    assert response.json["code"] == code


@pytest.mark.parametrize(("seconds", "status"), [(0, 422), (1, 201)])
def test_new_key_expires_in_the_future(
    early: Client, seconds: int, status: int
) -> None:
    with at(START):
        key = {"name": "n", "expires_at": time(seconds)}
        response = early.post("api-keys", key)

    assert response.status_code == status


@pytest.mark.parametrize(
    ("seconds", "status"), [(0, 422), (1, 200), (HOUR, 200), (HOUR + 1, 422)]
)
def test_key_keeps_its_expiry_or_expires_sooner(
    early: Client, script: KeyClient, seconds: int, status: int
) -> None:
    path = f"api-keys/{stored_key(early).id}"

    with at(START):
        response = early.patch(path, {"expires_at": time(seconds)})

    assert response.status_code == status
