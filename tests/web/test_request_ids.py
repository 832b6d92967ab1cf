"""Request ids: the valid id of the client, or a new one."""

from typing import Any

import pytest

from tests.helpers.client import Client

# request ids do not depend on the database
pytestmark = pytest.mark.one_database

GOOD = ["a", "0", "Aa0._-", "x" * 64, "5f3a0c9e-7d2b-4f61-a8e0-c4d9b7a6f512"]
BAD = {
    "empty": "",
    "too long": "x" * 65,
    "far too long": "x" * 5000,
    "space": "a b",
    "slash": "a/b",
    "colon": "a:b",
    "quote": 'a"b',
    "Latin-1": "\u00e9",
    "tab": "a\tb",
    "two ids": "a,b",
}


@pytest.mark.parametrize("request_id", GOOD)
def test_request_id_of_client_is_returned(anonymous: Client, request_id: str) -> None:
    response = anonymous.get("/health/live", headers={"X-Request-ID": request_id})

    assert response.headers["X-Request-ID"] == request_id


@pytest.mark.parametrize("request_id", BAD.values(), ids=BAD)
def test_invalid_request_id_is_replaced(anonymous: Client, request_id: str) -> None:
    response = anonymous.get("/health/live", headers={"X-Request-ID": request_id})

    made = response.headers["X-Request-ID"]
    assert made != request_id
    assert len(made) == 32
    assert made.isalnum()


def test_requests_have_different_ids(anonymous: Client) -> None:
    first, second = anonymous.get("/health/live"), anonymous.get("/health/live")

    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "tasks", 200),
        ("OPTIONS", "tasks", 200),
        ("POST", "tasks", 422),
        ("TRACE", "tasks", 405),
        ("GET", "tasks/0", 404),
        ("GET", "tasks/{id}", 304),
        ("DELETE", "tasks/{id}", 412),
    ],
)
def test_every_response_has_the_request_id(
    ann: Client, task: dict[str, Any], method: str, path: str, status: int
) -> None:
    headers = {"X-Request-ID": "mine", "If-None-Match": '"1"', "If-Match": '"2"'}

    response = ann.call(method, path.format(id=task["id"]), headers=headers)

    assert response.status_code == status
    assert response.headers["X-Request-ID"] == "mine"


def test_response_without_content_has_the_request_id(
    ann: Client, task: dict[str, Any]
) -> None:
    response = ann.delete(f"tasks/{task['id']}", headers={"X-Request-ID": "mine"})

    assert (response.status_code, response.headers["X-Request-ID"]) == (204, "mine")
