"""Requests have no effect if their credentials end while they are handled.

The cases are derived from tests/permissions.py, so they include all writes.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from taskapi.tasks import locked_changes
from tests.api_keys.clients import KeyClient, key_client
from tests.auth.test_password_check_races import in_another_worker
from tests.helpers.accounts import Accounts
from tests.helpers.callers import body_of, call_operation
from tests.helpers.cli import run
from tests.helpers.client import API, Client, assert_problem
from tests.helpers.rows import store_user
from tests.helpers.sql import execute
from tests.permissions import ACCESS, Kind

Event = Callable[[], object]
EMAIL = "ann@example.org"
WRITES = [
    operation
    for operation, access in ACCESS.items()
    if access.kind is not Kind.PUBLIC and not operation.startswith("GET ")
]
USER_WRITES = [o for o in WRITES if ACCESS[o].kind is not Kind.ADMIN]
KEY_WRITES = [o for o in WRITES if ACCESS[o].kind is Kind.OWN]
ADMIN_WRITES = [o for o in WRITES if ACCESS[o].kind is Kind.ADMIN]
ROWS = (
    "users",
    "projects",
    "memberships",
    "invitations",
    "tasks",
    "task_tags",
    "api_keys",
    "stored_responses",
)


@pytest.fixture
def after_lookup(monkeypatch: pytest.MonkeyPatch) -> Callable[[Event], None]:
    """Return a function that runs an event once, after the next caller was loaded."""
    events: list[Event] = []

    def count(_policy: str, _client: str = "") -> None:
        while events:
            in_another_worker(events.pop())

    monkeypatch.setattr("taskapi.web.authentication.rate_limits.count", count)
    return events.append


class SlowBody(BytesIO):
    """A request body; an event runs when it is first read."""

    def __init__(self, content: bytes, event: Event) -> None:
        super().__init__(content)
        self.events = [event]

    def readinto(self, buffer: Any) -> int:
        while self.events:
            in_another_worker(self.events.pop())
        return super().readinto(buffer)


def rows(app: Flask) -> dict[str, list[Any]]:
    """Return the rows of the tables that writes change."""
    found = {table: execute(app, f"SELECT * FROM {table}") for table in ROWS}  # noqa: S608 - names of tables
    return {table: sorted(map(repr, stored)) for table, stored in found.items()}


def deactivate(ann: Client) -> None:
    """Deactivate an account without deleting its sessions and keys."""
    store_user(ann, is_active=False)


ENDINGS: dict[str, Callable[[Client], object]] = {
    "logout": lambda ann: ann.post("auth/logout"),
    "end by the operator": lambda ann: run(ann.app, "sessions", "end", EMAIL),
    "deactivation": deactivate,
}
WRITES_AND_ENDINGS = [
    pytest.param(
        operation,
        end,
        id=f"{operation}-{name}",
        marks=[] if (number + other) % len(ENDINGS) == 0 else [pytest.mark.slow],
    )
    for number, operation in enumerate(USER_WRITES)
    for other, (name, end) in enumerate(ENDINGS.items())
]
"""Each operation with one ending; with the others in `make test-all`."""


@pytest.mark.parametrize(("operation", "end"), WRITES_AND_ENDINGS)
def test_write_has_no_effect_after_its_session_ended(
    ann: Client, after_lookup: Any, operation: str, end: Callable[[Client], object]
) -> None:
    owned = Accounts(ann).owned(operation)
    after: list[Any] = []
    after_lookup(lambda: (end(ann), after.append(rows(ann.app))))

    response = call_operation(ann, operation, owned)

    assert response.status_code == 401, response.text
    assert rows(ann.app) == after[0]


@pytest.mark.parametrize("operation", KEY_WRITES)
def test_write_has_no_effect_after_its_key_was_revoked(
    ann: Client, after_lookup: Any, operation: str
) -> None:
    owned = Accounts(ann).owned(operation)
    script = key_client(ann, "tasks:write", "account:write")
    key_id = ann.get("api-keys").json["items"][0]["id"]
    after: list[Any] = []

    def revoke() -> None:
        ann.delete(f"api-keys/{key_id}")
        after.append(rows(ann.app))

    after_lookup(revoke)

    response = call_operation(script, operation, owned)

    assert_problem(response, 401, "api-key-invalid")
    assert rows(ann.app) == after[0]


@pytest.mark.parametrize("both", ["session", "key"])
def test_write_with_session_and_key_needs_both_until_the_commit(
    ann: Client, after_lookup: Any, both: str
) -> None:
    script = key_client(ann)
    script.tokens = ann.tokens
    key_id = ann.get("api-keys").json["items"][0]["id"]
    ends: dict[str, Event] = {
        "session": lambda: ann.post("auth/logout"),
        "key": lambda: execute(
            ann.app, "DELETE FROM api_keys WHERE id = :id", id=key_id
        ),
    }
    after_lookup(ends[both])

    response = script.post("tasks", {"title": "Tea"})

    assert response.status_code == 401, response.text
    assert execute(ann.app, "SELECT count(*) FROM tasks") == [(0,)]


@pytest.mark.parametrize("operation", ADMIN_WRITES)
@pytest.mark.parametrize("key", [False, True], ids=["session", "key"])
def test_administrator_who_loses_the_role_changes_no_account(
    ann: Client, after_lookup: Any, operation: str, *, key: bool
) -> None:
    accounts = Accounts(ann)
    owned = accounts.owned(operation)
    root = accounts.key_of_admin if key else accounts.admin
    after: list[Any] = []
    after_lookup(
        lambda: (store_user(accounts.admin, role="user"), after.append(rows(ann.app)))
    )

    response = call_operation(root, operation, owned)

    assert response.status_code in {401, 403}, response.text
    assert rows(ann.app) == after[0]


@pytest.mark.parametrize("operation", [o for o in WRITES if ACCESS[o].body])
def test_write_has_no_effect_if_its_session_ends_during_the_upload(
    ann: Client, operation: str
) -> None:
    accounts = Accounts(ann)
    client = accounts.admin if operation in ADMIN_WRITES else ann
    owned = accounts.owned(operation)
    after: list[Any] = []

    def log_out() -> None:
        client.post("auth/logout")
        after.append(rows(ann.app))

    response = send_slowly(client, operation, owned, log_out)

    assert_problem(response, 401, "session-revoked")
    assert rows(ann.app) == after[0]


def send_slowly(
    client: Client, operation: str, owned: dict[str, object], event: Event
) -> Any:
    """Call an operation; an event runs while its body is received."""
    body = body_of(operation, owned)
    text = body if isinstance(body, str) else client.app.json.dumps(body)
    method, _, path = operation.partition(" ")
    content = text.encode()
    return client.call(
        method,
        path.format_map(owned),
        input_stream=SlowBody(content, event),
        headers={
            "Content-Type": "text/csv" if isinstance(body, str) else "application/json",
            "Content-Length": str(len(content)),
        },
    )


@pytest.mark.parametrize("operation", ["POST tasks", "PATCH tasks/{task_id}"])
def test_idempotent_write_has_no_effect_after_its_session_ended(
    ann: Client, after_lookup: Any, operation: str
) -> None:
    task_id = ann.create_task()["id"]
    after: list[Any] = []
    after_lookup(lambda: (ann.post("auth/logout"), after.append(rows(ann.app))))
    method, path = operation.format(task_id=task_id).split()

    response = ann.call(
        method, path, json={"title": "Tea"}, headers={"Idempotency-Key": "k"}
    )

    assert_problem(response, 401, "session-revoked")
    assert rows(ann.app) == after[0]


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_write_that_waited_for_a_lock_has_no_effect_after_a_logout(
    ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that waits keeps its view of other tables."""
    task = ann.create_task(tags=["a"])
    original = locked_changes.lock_tasks

    def lock_then_log_out(*arguments: Any) -> Any:
        locked = original(*arguments)
        in_another_worker(lambda: ann.post("auth/logout"))
        return locked

    monkeypatch.setattr(locked_changes, "lock_tasks", lock_then_log_out)

    response = ann.patch(f"tasks/{task['id']}", {"tags": ["b"]})

    assert_problem(response, 401, "session-revoked")
    found = execute(ann.app, "SELECT name FROM task_tags")
    assert found == [("a",)]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"{API}/tasks", b"x" * (1024 * 1024 + 1), 413),
        (f"{API}/tasks", b"{", 400),
        (f"{API}/api-keys", b"[]", 422),
    ],
)
def test_body_is_validated_after_the_credentials(
    ann: Client, path: str, body: bytes, status: int
) -> None:
    script = KeyClient(Client(ann.app), "tsk_00000000_" + "A" * 43)
    options: dict[str, Any] = {
        "data": body,
        "headers": {"Content-Type": "application/json"},
    }

    responses = [client.post(path, **options) for client in (script, ann)]

    assert [a.status_code for a in responses] == [401, status]
