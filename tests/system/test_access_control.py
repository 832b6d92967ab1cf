"""Calls to all documented operations without credentials and by other users."""

import re
from typing import Any

import pytest

from tests.helpers.client import Client, assert_problem

pytestmark = pytest.mark.one_database

UNKNOWN = (401, "token-missing")
INVALID = (401, "token-invalid")
ABSENT = (404, "not-found")


@pytest.fixture
def private(anonymous: Client) -> list[str]:
    """Return the method and path of every operation that requires login."""
    document = anonymous.get("/openapi.json").json
    return [
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters" and operation.get("security") != []
    ]


def call_all(
    client: Client, operations: list[str], task_id: int = 7, **options: Any
) -> dict[str, tuple[int, str]]:
    """Call each operation and return the status and code of each error."""
    suffix, errors = options.pop("suffix", ""), {}
    for operation in operations:
        method, _, path = operation.partition(" ")
        address = re.sub(r"{\w+}", str(task_id), path) + suffix
        response = client.call(method, address, **options)
        errors[operation] = (response.status_code, response.json["code"])
    return errors


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"suffix": "/"},
        {"suffix": "?unknown=1"},
        {"data": b"{", "content_type": "text/plain"},
        {"headers": {"If-Match": '"1"', "If-None-Match": "*"}},
        {"headers": {"Authorization": "Basic YW5uOnB3"}},
        {"query_string": {"access_token": "x"}},
        {"headers": {"Cookie": "access_token_cookie=x"}},
    ],
    ids=["plain", "slash", "query", "body", "condition", "basic", "url", "cookie"],
)
def test_protected_operations_require_credentials(
    anonymous: Client, private: list[str], options: dict[str, Any]
) -> None:
    errors = call_all(anonymous, private, **options)

    assert len(private) > 10
    assert errors == dict.fromkeys(private, UNKNOWN)


def test_head_requires_credentials(anonymous: Client) -> None:
    response = anonymous.call("HEAD", "tasks")

    assert response.status_code == 401


def test_token_of_a_deleted_account_is_rejected(
    anonymous: Client, private: list[str]
) -> None:
    errors = call_all(anonymous, private, headers={"Authorization": "Bearer a.b.c"})

    assert errors == dict.fromkeys(private, INVALID)


def test_refresh_token_is_rejected_as_access_token(
    ann: Client, private: list[str]
) -> None:
    bearer = f"Bearer {ann.tokens['refresh_token']}"

    errors = call_all(ann, private, headers={"Authorization": bearer})

    assert errors == dict.fromkeys(private, INVALID)


def test_tasks_of_other_users_are_not_found(
    ann: Client, bob: Client, private: list[str]
) -> None:
    task = ann.create_task()
    addressed = [operation for operation in private if "{task_id}" in operation]

    errors = call_all(bob, addressed, task["id"], json={})

    assert len(addressed) >= 4
    assert errors == dict.fromkeys(addressed, ABSENT)
    assert ann.get(f"tasks/{task['id']}").json == task


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "task_id", ["0", "-1", "01", "1.0", "a", str(2**63), "9" * 30, "%D9%A3"]
)
def test_impossible_id_is_not_found(ann: Client, method: str, task_id: str) -> None:
    response = ann.call(method, f"tasks/{task_id}", json={})

    assert_problem(response, 404, "not-found")
