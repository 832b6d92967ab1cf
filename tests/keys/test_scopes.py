"""Each operation takes a key with its scope, and no other key."""

import re
from typing import Any

import pytest
from flask import Flask

from taskapi.scopes import IMPLIED, Scope
from tests.access import PRIVATE, SESSIONS_ONLY
from tests.keys.holding import Holder, holder
from tests.support import Client, refused


@pytest.fixture
def operations(anyone: Client) -> dict[str, str | None]:
    """Return the scope of every operation that needs a caller, or None."""
    document = anyone.get("/openapi.json").json
    return {
        f"{method.upper()} {path}": scope_of(operation["security"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters" and operation.get("security") != []
    }


def scope_of(security: list[dict[str, list[str]]]) -> str | None:
    """Return the one scope that a key needs; None where keys are refused."""
    named = [way["apiKey"] for way in security if "apiKey" in way]
    return named[0][0] if named else None


def ask(client: Client, operation: str) -> Any:
    """Call an operation on what does not exist."""
    method, _, path = operation.partition(" ")
    return client.call(method, re.sub(r"{\w+}", str(2**60), path))


def sufficient(scope: Scope) -> set[str]:
    """Return the scopes of the operations that a key with this scope may call."""
    return {scope, IMPLIED.get(scope, scope)}


def open_to(operations: dict[str, str | None], scope: Scope) -> set[str]:
    return {name for name, needed in operations.items() if needed in sufficient(scope)}


def test_the_document_asks_for_the_scopes_of_the_contract(
    operations: dict[str, str | None],
) -> None:
    assert operations == {name: access.scope for name, access in PRIVATE.items()}


@pytest.mark.parametrize("scope", Scope)
def test_every_scope_opens_something(
    operations: dict[str, str | None], scope: Scope
) -> None:
    assert scope in operations.values()


@pytest.mark.parametrize("scope", Scope)
def test_a_key_reaches_what_its_scope_opens(
    admin: Client, operations: dict[str, str | None], scope: Scope
) -> None:
    script = holder(admin, scope)
    opened = open_to(operations, scope)

    statuses = {name: ask(script, name).status_code for name in opened}

    assert len(opened) > 0
    assert [n for n, status in statuses.items() if status in {401, 403, 500}] == []


@pytest.mark.parametrize("scope", Scope)
def test_a_key_reaches_nothing_that_its_scope_does_not_open(
    admin: Client, operations: dict[str, str | None], scope: Scope
) -> None:
    script = holder(admin, scope)
    closed = set(operations) - open_to(operations, scope) - set(SESSIONS_ONLY)

    answers = {name: ask(script, name) for name in closed}

    told = {n: refused(a, 403, "insufficient-scope") for n, a in answers.items()}
    assert {n: problem["required_scope"] for n, problem in told.items()} == {
        name: operations[name] for name in closed
    }


@pytest.mark.parametrize("missing", Scope)
def test_a_key_with_every_other_scope_is_refused(
    admin: Client, operations: dict[str, str | None], missing: Scope
) -> None:
    implying = {scope for scope, implied in IMPLIED.items() if implied is missing}
    script = holder(admin, *(set(Scope) - {missing} - implying))
    closed = {name for name, scope in operations.items() if scope == missing}

    answers = [ask(script, name) for name in closed]

    problems = [refused(answer, 403, "insufficient-scope") for answer in answers]
    assert {problem["required_scope"] for problem in problems} == {missing}


def test_a_key_with_every_scope_reaches_no_operation_of_sessions(
    admin: Client, operations: dict[str, str | None]
) -> None:
    script = holder(admin, *Scope)

    codes = {name: ask(script, name).json["code"] for name in SESSIONS_ONLY}

    assert codes == dict.fromkeys(SESSIONS_ONLY, "session-required")


def test_a_missing_scope_is_named_in_the_challenge(script: Holder) -> None:
    answer = script.get("users/me")

    problem = refused(answer, 403, "insufficient-scope")
    challenge = answer.headers["WWW-Authenticate"]
    assert problem["required_scope"] == "account:read"
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="account:read"' in challenge


@pytest.mark.parametrize(
    ("scope", "path"), [("tasks:write", "tasks"), ("account:write", "users/me")]
)
def test_who_may_write_may_read(ann: Client, scope: str, path: str) -> None:
    script = holder(ann, scope)

    answer = script.get(path)

    assert answer.status_code == 200


def test_who_may_read_may_not_write(ann: Client) -> None:
    task = ann.make_task()
    script = holder(ann, "tasks:read")

    answer = script.patch(f"tasks/{task['id']}", {"title": "Tea"})

    refused(answer, 403, "insufficient-scope")
    assert ann.get(f"tasks/{task['id']}").json == task


def test_the_scope_is_checked_before_the_request_is_read(ann: Client) -> None:
    script = holder(ann, "tasks:read")

    answer = script.call("POST", "tasks?colour=red", data="{")

    refused(answer, 403, "insufficient-scope")


def test_a_scope_lets_nobody_see_what_is_not_theirs(ann: Client, bob: Client) -> None:
    task = ann.make_task()
    script = holder(bob, "tasks:write")

    answer = script.get(f"tasks/{task['id']}")

    refused(answer, 404, "not-found")


def test_the_owner_of_a_key_is_the_owner_of_what_it_makes(
    app: Flask, ann: Client, script: Holder
) -> None:
    task = script.make_task(title="Sow")

    assert ann.get("tasks").json["items"] == [task]
