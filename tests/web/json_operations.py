"""Operations with a JSON body, for tests of invalid bodies."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.helpers.client import Client

PLACES = {
    "new task": ("POST", "tasks"),
    "task": ("PATCH", "tasks/{id}"),
    "account": ("PATCH", "users/me"),
    "registration": ("POST", "auth/register"),
}
JSON = "application/json"

everywhere = pytest.mark.parametrize("place", PLACES)


def widely(cases: dict[str, Any], few: list[str]) -> Any:
    """Parametrize a test: all cases for a new task, a few for every operation.

    All operations parse bodies by the same code, which does not use the database.
    """
    cases_by_database = [("sqlite", "new task", name) for name in cases]
    cases_by_database += [
        ("postgresql", place, name) for place in PLACES for name in few
    ]
    return pytest.mark.parametrize(
        ("app", "place", "sent"),
        [(app, place, cases[name]) for app, place, name in cases_by_database],
        indirect=["app"],
        ids=[f"{app}-{place}: {name}" for app, place, name in cases_by_database],
    )


def send(
    client: Client,
    place: str,
    body: bytes,
    media_type: str | None = JSON,
    **headers: str,
) -> TestResponse:
    """Send bytes to one of the operations; `{id}` is the first task of the client."""
    method, path = PLACES[place]
    if "{id}" in path:
        path = path.format(id=client.get("tasks").json["items"][0]["id"])
    content_type = {"Content-Type": media_type} if media_type else {}
    others = {name.replace("_", "-"): text for name, text in headers.items()}
    return client.call(method, path, data=body, headers=content_type | others)


def stored(client: Client) -> dict[str, Any]:
    """Return the stored tasks and the account of a client."""
    return {
        "tasks": client.get("tasks?limit=100").json["items"],
        "account": client.get("users/me").json,
    }
