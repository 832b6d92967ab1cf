"""Operations that read JSON, and the stored rows before and after them."""

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
    """Try all cases on new tasks, and a few of them in every place of PostgreSQL.

    What reads a body does not know the database, nor which operation comes after it.
    """
    tries = [("sqlite", "new task", name) for name in cases]
    tries += [("postgresql", place, name) for place in PLACES for name in few]
    return pytest.mark.parametrize(
        ("app", "place", "sent"),
        [(app, place, cases[name]) for app, place, name in tries],
        indirect=["app"],
        ids=[f"{app}-{place}: {name}" for app, place, name in tries],
    )


def send(
    client: Client,
    place: str,
    body: bytes,
    media_type: str | None = JSON,
    **headers: str,
) -> TestResponse:
    """Send bytes to one of the places; `{id}` is the first task of the client."""
    method, path = PLACES[place]
    if "{id}" in path:
        path = path.format(id=client.get("tasks").json["items"][0]["id"])
    named = {"Content-Type": media_type} if media_type else {}
    spelled = {name.replace("_", "-"): text for name, text in headers.items()}
    return client.call(method, path, data=body, headers=named | spelled)


def stored(client: Client) -> dict[str, Any]:
    """Return everything of this client's that is stored."""
    return {
        "tasks": client.get("tasks?limit=100").json["items"],
        "account": client.get("users/me").json,
    }
