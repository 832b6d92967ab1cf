"""Scopes: each operation accepts only keys with its scope."""

import re
from typing import Any

import pytest
from flask import Flask

from taskapi.scopes import IMPLIED, Scope
from tests.api_keys.clients import KeyClient, key_client
from tests.helpers.client import Client, assert_problem
from tests.permissions import PRIVATE, SESSIONS_ONLY

pytestmark = pytest.mark.one_database


@pytest.fixture
def operations(anonymous: Client) -> dict[str, str | None]:
    """Return the scope, or None, of every operation that requires login."""
    document = anonymous.get("/openapi.json").json
    return {
        f"{method.upper()} {path}": scope_of(operation["security"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters" and operation.get("security") != []
    }


def scope_of(security: list[dict[str, list[str]]]) -> str | None:
    """Return the scope that an API key needs, or None if keys are rejected."""
    scopes = [scheme["apiKey"] for scheme in security if "apiKey" in scheme]
    return scopes[0][0] if scopes else None


def call_operation(client: Client, operation: str) -> Any:
    """Call an operation on a resource that does not exist."""
    method, _, path = operation.partition(" ")
    return client.call(method, re.sub(r"{\w+}", str(2**60), path))


def sufficient(scope: Scope) -> set[str]:
    """Return the scopes of the operations that a key with this scope may call."""
    return {scope, IMPLIED.get(scope, scope)}


def open_to(operations: dict[str, str | None], scope: Scope) -> set[str]:
    return {name for name, needed in operations.items() if needed in sufficient(scope)}


def test_documented_scopes_equal_the_permissions(
    operations: dict[str, str | None],
) -> None:
    assert operations == {name: access.scope for name, access in PRIVATE.items()}


@pytest.mark.parametrize("scope", Scope)
def test_every_scope_is_used(operations: dict[str, str | None], scope: Scope) -> None:
    assert scope in operations.values()


@pytest.mark.parametrize("scope", Scope)
def test_key_is_accepted_with_the_required_scope(
    admin: Client, operations: dict[str, str | None], scope: Scope
) -> None:
    script = key_client(admin, scope)
    allowed = open_to(operations, scope)

    statuses = {name: call_operation(script, name).status_code for name in allowed}

    assert len(allowed) > 0
    assert [n for n, status in statuses.items() if status in {401, 403, 500}] == []


@pytest.mark.parametrize("scope", Scope)
def test_key_is_rejected_without_the_required_scope(
    admin: Client, operations: dict[str, str | None], scope: Scope
) -> None:
    script = key_client(admin, scope)
    forbidden = set(operations) - open_to(operations, scope) - set(SESSIONS_ONLY)

    responses = {name: call_operation(script, name) for name in forbidden}

    problems = {
        n: assert_problem(a, 403, "insufficient-scope") for n, a in responses.items()
    }
    assert {n: problem["required_scope"] for n, problem in problems.items()} == {
        name: operations[name] for name in forbidden
    }


@pytest.mark.parametrize("missing", Scope)
def test_key_with_all_other_scopes_is_rejected(
    admin: Client, operations: dict[str, str | None], missing: Scope
) -> None:
    implying = {scope for scope, implied in IMPLIED.items() if implied is missing}
    script = key_client(admin, *(set(Scope) - {missing} - implying))
    forbidden = {name for name, scope in operations.items() if scope == missing}

    responses = [call_operation(script, name) for name in forbidden]

    problems = [
        assert_problem(response, 403, "insufficient-scope") for response in responses
    ]
    assert {problem["required_scope"] for problem in problems} == {missing}


def test_key_with_all_scopes_is_rejected_by_session_operations(
    admin: Client, operations: dict[str, str | None]
) -> None:
    script = key_client(admin, *Scope)

    codes = {name: call_operation(script, name).json["code"] for name in SESSIONS_ONLY}

    assert codes == dict.fromkeys(SESSIONS_ONLY, "session-required")


def test_challenge_names_the_missing_scope(script: KeyClient) -> None:
    response = script.get("users/me")

    problem = assert_problem(response, 403, "insufficient-scope")
    challenge = response.headers["WWW-Authenticate"]
    assert problem["required_scope"] == "account:read"
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="account:read"' in challenge


@pytest.mark.parametrize(
    ("scope", "path"), [("tasks:write", "tasks"), ("account:write", "users/me")]
)
def test_write_scope_includes_read(ann: Client, scope: str, path: str) -> None:
    script = key_client(ann, scope)

    response = script.get(path)

    assert response.status_code == 200


def test_read_scope_does_not_include_write(ann: Client) -> None:
    task = ann.create_task()
    script = key_client(ann, "tasks:read")

    response = script.patch(f"tasks/{task['id']}", {"title": "Tea"})

    assert_problem(response, 403, "insufficient-scope")
    assert ann.get(f"tasks/{task['id']}").json == task


def test_scope_is_checked_before_the_body(ann: Client) -> None:
    script = key_client(ann, "tasks:read")

    response = script.call("POST", "tasks?colour=red", data="{")

    assert_problem(response, 403, "insufficient-scope")


def test_scope_gives_no_access_to_other_accounts(ann: Client, bob: Client) -> None:
    task = ann.create_task()
    script = key_client(bob, "tasks:write")

    response = script.get(f"tasks/{task['id']}")

    assert_problem(response, 404, "not-found")


def test_key_creates_tasks_of_its_owner(
    app: Flask, ann: Client, script: KeyClient
) -> None:
    task = script.create_task(title="Sow")

    assert ann.get("tasks").json["items"] == [task]
