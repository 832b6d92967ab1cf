"""The responses stored for an account are limited by their size in bytes."""

from typing import Any

import pytest
from flask import Flask

from taskapi.idempotency import service as stored_responses
from taskapi.idempotency.models import StoredResponse
from taskapi.tasks.models import Task
from tests.helpers.cli import run
from tests.helpers.client import Client, assert_problem
from tests.helpers.clock import days, later
from tests.helpers.rows import store_user, stored_user
from tests.tasks.trees import rows

LIMIT = 5_000


@pytest.fixture(autouse=True)
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_responses, "MAX_STORED_BYTES", LIMIT)


def send(client: Client, key: str, body: Any = None) -> Any:
    body = body or {"title": "Tea"}
    return client.post("tasks", body, headers={"Idempotency-Key": key})


def fill(client: Client) -> int:
    """Send requests until one is rejected; return the number of the others."""
    for number in range(LIMIT):
        if send(client, f"key-{number}").status_code == 409:
            return number
    pytest.fail("No request was rejected.")


def test_request_beyond_the_limit_is_rejected_and_not_executed(ann: Client) -> None:
    number = fill(ann)

    response = send(ann, "one-more")

    assert assert_problem(response, 409, "limit-reached")["limit"] == LIMIT
    assert "24 hours" in response.json["detail"]
    assert number > 1
    assert rows(ann, Task) == rows(ann, StoredResponse) == number
    assert stored_user(ann).stored_bytes <= LIMIT


def test_account_at_its_limit_gets_stored_responses(ann: Client, bob: Client) -> None:
    fill(ann)

    repeated = send(ann, "key-0")
    without_key = ann.post("tasks", {"title": "Tea"})
    other = send(bob, "key-0")

    assert (repeated.status_code, repeated.headers["Idempotency-Replayed"]) == (
        201,
        "true",
    )
    assert (without_key.status_code, other.status_code) == (201, 201)


def test_large_response_counts_with_its_size(ann: Client) -> None:
    random = "".join(chr(0x4E00 + i * 7919 % 20_000) for i in range(2_000))

    response = send(ann, "large", {"title": "Tea", "description": random})

    assert_problem(response, 409, "limit-reached")
    assert rows(ann, Task) == rows(ann, StoredResponse) == 0


def test_purge_makes_room(app: Flask, ann: Client, bob: Client) -> None:
    number = fill(ann)
    send(bob, "early")
    with later(days(1) / 2):
        send(bob.log_in(), "late")
    remaining = stored_user(bob).stored_bytes / 2

    with later(days(1) + 60):
        output = run(app, "purge")
        assert send(ann.log_in(), "one-more").status_code == 201

    assert f"{number + 1} stored responses" in output
    assert abs(stored_user(bob).stored_bytes - remaining) < remaining / 10


def test_expired_response_is_replaced_and_counted_once(ann: Client) -> None:
    send(ann, "key")
    before = stored_user(ann).stored_bytes

    with later(days(1) + 60):
        send(ann.log_in(), "key")

    assert abs(stored_user(ann).stored_bytes - before) < before / 10


def test_purge_restores_a_count_of_zero(app: Flask, ann: Client) -> None:
    fill(ann)

    with later(days(2)):
        run(app, "purge")

    assert stored_user(ann).stored_bytes == 0


def test_count_is_not_part_of_the_account(ann: Client) -> None:
    store_user(ann, stored_bytes=1)

    assert "stored_bytes" not in ann.get("users/me").json
