"""Idempotency-Key: a repeated request returns the stored response."""

from typing import Any

import pytest

from taskapi import db
from taskapi.idempotency import service as stored_responses
from taskapi.idempotency.models import StoredResponse
from taskapi.tasks.models import Task
from tests.api_keys.clients import key_client
from tests.helpers.client import Client, assert_problem, field_errors
from tests.helpers.clock import days, later
from tests.tasks.trees import rows

KEY = {"Idempotency-Key": "3f0c6a54-1d2b"}
VOLATILE = {"X-Request-ID", "Idempotency-Replayed", "Server-Timing"}


def comparable(response: Any) -> Any:
    """Return status, body and headers without what differs in each response."""
    headers = {k: v for k, v in response.headers.items() if k not in VOLATILE}
    return response.status_code, response.data, headers


def is_replayed(response: Any) -> bool:
    return bool(response.headers.get("Idempotency-Replayed") == "true")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "tasks", {"title": "Tea", "subtasks": [{"title": "Boil"}]}, 201),
        ("PATCH", "tasks/{id}", {"title": "Tea", "tags": ["é", "ß"]}, 200),
        ("PUT", "tasks/{id}", {"title": "Tea"}, 200),
        ("DELETE", "tasks/{id}", None, 204),
        ("DELETE", "tasks/{id}?permanent=true", None, 204),
        ("POST", "tasks/{deleted}/restore", None, 200),
        ("POST", "tasks/bulk", {"create": [{"title": "Tea"}]}, 200),
    ],
)
def test_repeated_request_returns_the_stored_response(
    ann: Client, method: str, path: str, body: Any, status: int
) -> None:
    task, deleted = ann.create_task()["id"], ann.create_task()["id"]
    ann.delete(f"tasks/{deleted}")
    address = path.format(id=task, deleted=deleted)

    first = ann.call(method, address, json=body, headers=KEY)
    after = [ann.get(f"tasks?deleted={trash}").json for trash in ("true", "false")]
    second = ann.call(method, address, json=body, headers=KEY)

    assert first.status_code == status
    assert comparable(second) == comparable(first)
    assert (is_replayed(first), is_replayed(second)) == (False, True)
    assert after == [
        ann.get(f"tasks?deleted={trash}").json for trash in ("true", "false")
    ]


def test_response_is_replayed_after_the_task_changed(ann: Client) -> None:
    first = ann.post("tasks", {"title": "Tea"}, headers=KEY)
    ann.delete(f"tasks/{first.json['id']}?permanent=true")

    second = ann.post("tasks", {"title": "Tea"}, headers=KEY)

    assert comparable(second) == comparable(first)
    assert rows(ann, Task) == 0


def test_trailing_slash_does_not_change_the_request(ann: Client) -> None:
    ann.post("tasks", {"title": "Tea"}, headers=KEY)

    assert is_replayed(ann.post("tasks/", {"title": "Tea"}, headers=KEY))


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("tasks/bulk", {"create": [{"title": "Soup"}]}),
        ("tasks/bulk", {"create": [{"title": "Tea"}], "delete": []}),
        ("tasks/bulk?dry_run=false", {"create": [{"title": "Tea"}]}),
    ],
    ids=["value", "field", "query"],
)
def test_key_of_another_request_is_rejected(ann: Client, path: str, body: Any) -> None:
    ann.post("tasks/bulk", {"create": [{"title": "Tea"}]}, headers=KEY)

    response = ann.post(path, body, headers=KEY)

    assert_problem(response, 422, "idempotency-key-reused")
    assert rows(ann, Task) == 1


def test_key_can_be_reused_for_another_operation(ann: Client) -> None:
    one, other = ann.create_task()["id"], ann.create_task()["id"]
    calls = [("PATCH", one), ("PUT", one), ("PATCH", other)]

    responses = [
        ann.call(method, f"tasks/{task_id}", json={"title": "Tea"}, headers=KEY)
        for method, task_id in calls
    ]

    assert [(a.status_code, is_replayed(a)) for a in responses] == [(200, False)] * 3


def test_keys_are_separate_per_user(ann: Client, bob: Client) -> None:
    hers = ann.post("tasks", {"title": "Tea"}, headers=KEY)

    same = bob.post("tasks", {"title": "Tea"}, headers=KEY)
    other = bob.patch(f"tasks/{hers.json['id']}", {"title": "Soup"}, headers=KEY)

    assert (same.status_code, is_replayed(same)) == (201, False)
    assert same.json["owner_id"] == bob.user["id"]
    assert_problem(other, 404, "not-found")


def test_keys_are_case_sensitive(ann: Client) -> None:
    [
        ann.post("tasks", {"title": "Tea"}, headers={"Idempotency-Key": key})
        for key in ("a", "A", "a,", '"a"')
    ]

    assert rows(ann, Task) == 4


@pytest.mark.one_database
@pytest.mark.parametrize(
    "key", ["", "x" * 256, "a b", "é", "a\tb", "\x7f", "👍".encode().decode("latin-1")]
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_key_has_1_to_255_visible_ascii_characters(
    ann: Client, task: dict[str, Any], key: str, method: str
) -> None:
    path = "tasks" if method == "POST" else f"tasks/{task['id']}"

    response = ann.call(
        method, path, json={"title": "Tea"}, headers={"Idempotency-Key": key}
    )

    assert field_errors(response) == {"Idempotency-Key": "format"}
    assert ann.get("tasks").json["items"] == [task]


@pytest.mark.one_database
@pytest.mark.parametrize("key", ["!", "~", "x" * 255, "{}[]<>;:,.%&#?/\\'\""])
def test_key_accepts_each_visible_ascii_character(ann: Client, key: str) -> None:
    headers = {"Idempotency-Key": key}

    calls = [ann.post("tasks", {"title": "Tea"}, headers=headers) for _ in range(2)]

    assert [is_replayed(response) for response in calls] == [False, True]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("tasks", {"title": ""}, {}, 422),
        ("tasks", {"title": "Tea", "parent_id": 2**62}, {}, 422),
        ("tasks", {"title": "Tea", "external_id": "A"}, {}, 409),
        ("tasks/bulk", {"create": [{"title": "Tea"}], "delete": [2**62]}, {}, 422),
        ("tasks/{id}/restore", None, {"If-Match": '"9"'}, 412),
        (f"tasks/{2**62}/restore", None, {}, 404),
    ],
)
def test_key_of_a_rejected_request_can_be_reused(
    ann: Client, path: str, body: Any, headers: dict[str, str], status: int
) -> None:
    task = ann.create_task(external_id="A")
    address = path.format(id=task["id"])
    valid = {"create": [{"title": "Soup"}]} if "bulk" in path else {"title": "Soup"}

    rejected = ann.post(address, body, headers=KEY | headers)
    stored = rows(ann, StoredResponse)
    again = ann.post("tasks/bulk" if "bulk" in path else "tasks", valid, headers=KEY)

    assert (rejected.status_code, stored) == (status, 0)
    assert (again.status_code < 300, is_replayed(again)) == (True, False)


def test_error_response_is_not_stored(ann: Client) -> None:
    headers, task = KEY | {"If-Match": '"2"'}, ann.create_task()
    path = f"tasks/{task['id']}"
    early = ann.patch(path, {"title": "Tea"}, headers=headers)
    ann.patch(path, {"title": "Soup"})

    late = ann.patch(path, {"title": "Tea"}, headers=headers)

    assert_problem(early, 412, "precondition-failed")
    assert (late.status_code, is_replayed(late)) == (200, False)


def test_response_is_stored_for_a_day(ann: Client) -> None:
    ann.post("tasks", {"title": "Tea"}, headers=KEY)

    with later(days(1) - 60):
        early = ann.log_in().post("tasks", {"title": "Tea"}, headers=KEY)
    with later(days(1) + 60):
        late = ann.log_in().post("tasks", {"title": "Tea"}, headers=KEY)
        again = ann.post("tasks", {"title": "Tea"}, headers=KEY)

    assert [is_replayed(response) for response in (early, late, again)] == [1, 0, 1]
    assert rows(ann, Task) == 2
    assert again.json == late.json


def test_key_can_be_reused_after_a_day(ann: Client) -> None:
    ann.post("tasks", {"title": "Tea"}, headers=KEY)

    with later(days(1) + 60):
        response = ann.log_in().post("tasks", {"title": "Soup"}, headers=KEY)

    assert (response.status_code, response.json["title"]) == (201, "Soup")


def test_purge_deletes_expired_responses(ann: Client) -> None:
    ann.post("tasks", {"title": "Tea"}, headers=KEY)
    with later(days(1) / 2):
        ann.log_in().post("tasks", {"title": "Tea"}, headers={"Idempotency-Key": "b"})

    with later(days(1) + 60), ann.app.app_context(), db.transaction():
        assert stored_responses.purge() == 1

    assert rows(ann, StoredResponse) == 1


def test_stored_responses_are_deleted_with_the_user(ann: Client) -> None:
    ann.post("tasks", {"title": "Tea"}, headers=KEY)

    ann.delete("users/me", {"password": "a long walk in the rain"})

    assert rows(ann, StoredResponse) == 0


def test_api_key_without_scope_gets_no_stored_response(ann: Client) -> None:
    ann.post("tasks", {"title": "Tea"}, headers=KEY)

    denied = key_client(ann, "tasks:read").post("tasks", {"title": "Tea"}, headers=KEY)
    shown = key_client(ann, "tasks:write").post("tasks", {"title": "Tea"}, headers=KEY)

    assert (
        assert_problem(denied, 403, "insufficient-scope")["required_scope"]
        == "tasks:write"
    )
    assert is_replayed(shown)


def test_anonymous_client_gets_no_stored_response(
    ann: Client, anonymous: Client
) -> None:
    ann.post("tasks", {"title": "Tea"}, headers=KEY)

    response = anonymous.post("tasks", {"title": "Tea"}, headers=KEY)

    assert_problem(response, 401, "token-missing")


def test_reads_ignore_idempotency_keys(ann: Client, task: dict[str, Any]) -> None:
    reads = [ann.get("tasks", headers=KEY) for _ in range(2)]

    assert [is_replayed(response) for response in reads] == [False, False]
    assert rows(ann, StoredResponse) == 0


def test_request_body_and_key_are_not_stored(ann: Client) -> None:
    ann.post("tasks", {"title": "Tea"}, headers=KEY)

    with ann.app.app_context():
        ((row),) = db.read(
            db.database.select(StoredResponse.subject, StoredResponse.fingerprint)
        )

    assert [len(text) for text in row] == [64, 64]


def test_dry_run_does_not_use_up_its_key(ann: Client) -> None:
    request = {"create": [{"title": "Tea"}]}

    dry = ann.post("tasks/bulk?dry_run=true", request, headers=KEY)
    done = ann.post("tasks/bulk", request, headers=KEY)

    assert (dry.status_code, done.status_code) == (200, 200)
    assert "Idempotency-Replayed" not in done.headers
    assert len(ann.get("tasks").json["items"]) == 1
