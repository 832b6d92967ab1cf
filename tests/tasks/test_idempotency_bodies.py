"""Requests with one Idempotency-Key are equal if their JSON has equal values."""

from typing import Any

import pytest

from taskapi.tasks.models import Task
from tests.helpers.client import Client, assert_problem
from tests.tasks.trees import rows

pytestmark = pytest.mark.one_database

JSON = "application/json"
FIRST = (
    b'{"title": "Tea", "tags": ["a", "b"], '
    b'"subtasks": [{"title": "Boil", "status": "todo"}]}'
)
EQUAL = {
    "member order": b'{"subtasks": [{"status": "todo", "title": "Boil"}], '
    b'"tags": ["a", "b"], "title": "Tea"}',
    "no white space": b'{"title":"Tea","tags":["a","b"],'
    b'"subtasks":[{"title":"Boil","status":"todo"}]}',
    "lines": FIRST.replace(b", ", b",\r\n\t"),
    "escapes": FIRST.replace(b"Tea", b"\\u0054ea"),
}
OTHER = {
    "value": FIRST.replace(b"Tea", b"tea"),
    "order of a list": FIRST.replace(b'"a", "b"', b'"b", "a"'),
    "white space in text": FIRST.replace(b"Tea", b"Tea "),
    "member": FIRST.replace(b'"status": "todo"', b'"priority": "low"'),
    "null": FIRST.replace(b'"Tea"', b'"Tea", "due_date": null'),
}


def send(client: Client, path: str, body: bytes, media_type: str = JSON) -> Any:
    headers = {"Idempotency-Key": "5d2c8f0e", "Content-Type": media_type}
    return client.call("POST", path, data=body, headers=headers)


@pytest.mark.parametrize("body", EQUAL.values(), ids=EQUAL)
def test_equal_json_repeats_the_request(ann: Client, body: bytes) -> None:
    first = send(ann, "tasks", FIRST)

    second = send(ann, "tasks", body, "application/merge-patch+json")

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.data == first.data
    assert second.headers["Idempotency-Replayed"] == "true"
    assert rows(ann, Task) == 2


@pytest.mark.parametrize("body", OTHER.values(), ids=OTHER)
def test_different_json_is_another_request(ann: Client, body: bytes) -> None:
    send(ann, "tasks", FIRST)

    rejected = send(ann, "tasks", body)

    assert_problem(rejected, 422, "idempotency-key-reused")
    assert rows(ann, Task) == 2


@pytest.mark.parametrize(
    ("media_type", "first", "second"),
    [
        ("application/x-ndjson", b'{"id":1,"title":"a"}', b'{"title":"a","id":1}'),
        ("application/x-ndjson", b'{"title":"a"}', b'{"title": "a"}'),
        ("text/csv", b"title\na\n", b"title\r\na\r\n"),
    ],
)
def test_files_are_compared_byte_by_byte(
    ann: Client, media_type: str, first: bytes, second: bytes
) -> None:
    path = "users/me/import"
    imported = send(ann, path, first, media_type)
    repeated = send(ann, path, first, media_type)

    rejected = send(ann, path, second, media_type)

    assert imported.status_code == repeated.status_code == 200
    assert_problem(rejected, 422, "idempotency-key-reused")
    assert rows(ann, Task) == 1


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": NaN}', b'{"a": 1, "a": 1}'])
def test_body_that_is_not_read_is_compared_as_it_is(ann: Client, body: bytes) -> None:
    path = f"tasks/{ann.create_task()['id']}/restore"

    first, second = (send(ann, path, body) for _ in range(2))

    assert first.status_code == second.status_code == 200
    assert second.headers["Idempotency-Replayed"] == "true"
