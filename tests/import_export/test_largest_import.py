"""The largest import, and the effects of imports on other requests."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from string import ascii_lowercase
from time import monotonic, sleep
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from taskapi import db
from taskapi.db import deadline
from taskapi.import_export import service
from taskapi.import_export.parser import TaskParser
from tests.helpers.client import Client, assert_problem
from tests.helpers.sql import execute
from tests.import_export.files import CSV, JSONL, json_lines, send_file, task_count

LINES, TAGS = 10_000, 20
MAX_BYTES = 1024 * 1024


def largest() -> bytes:
    """Return a table of 10,000 lines with 20 tags each, in exactly 1 MiB."""
    names = [a + b for a in ascii_lowercase for b in ascii_lowercase]
    rows = [
        f'{n},"{",".join(names[(n + k) % len(names)] for k in range(TAGS))}"\n'
        for n in range(LINES)
    ]
    table = "title,tags,description\n" + "".join(row[:-1] + ",\n" for row in rows)
    missing = MAX_BYTES - len(table)
    each = [missing // LINES + (n < missing % LINES) for n in range(LINES)]
    head, *body = table.splitlines()
    filled = [row + "d" * size for row, size in zip(body, each, strict=True)]
    return "\n".join([head, *filled, ""]).encode()


def test_tags_are_inserted_in_bulk(ann: Client, statements: list[str]) -> None:
    head, *rows = largest().splitlines(keepends=True)

    response = send_file(ann, head + b"".join(rows[:1_100]), CSV)

    inserts = [text for text in statements if text.startswith("INSERT INTO task_tags")]
    assert response.json == {"created": 1_100, "skipped": 0, "truncated": []}
    assert len(inserts) == 2
    tags = ann.get("tags?include_total=true&limit=100").json
    assert tags["total"] == 26 * 26
    assert all(20 <= tag["task_count"] <= 40 for tag in tags["items"])


@pytest.mark.slow
def test_largest_import_is_stored(ann: Client) -> None:
    body = largest()

    response = send_file(ann, body, CSV)

    assert len(body) == MAX_BYTES
    assert response.json == {"created": LINES, "skipped": 0, "truncated": []}
    assert execute(ann.app, "SELECT count(*) FROM task_tags") == [(LINES * TAGS,)]
    execute(ann.app, "DELETE FROM task_tags")  # deleting them one by one takes long


def test_parsing_does_not_spend_the_database_deadline(
    ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    remaining: list[float] = []
    parse, store = TaskParser.parse, service.import_tasks

    def parse_slowly(parser: TaskParser, *arguments: Any) -> Any:
        remaining.append(deadline.remaining())
        later = SimpleNamespace(monotonic=lambda: monotonic() + 3600, sleep=sleep)
        monkeypatch.setattr(deadline, "time", later)
        return parse(parser, *arguments)

    def record_and_store(*arguments: Any, **options: Any) -> Any:
        remaining.append(deadline.remaining())
        return store(*arguments, **options)

    monkeypatch.setattr(TaskParser, "parse", parse_slowly)
    monkeypatch.setattr(service, "import_tasks", record_and_store)

    response = send_file(ann, json_lines({"title": "Sow"}))

    assert response.status_code == 200
    before, after = remaining
    assert 0 < after <= before + 1
    assert after > before - 60


def test_parsing_takes_no_lock(
    ann: Client, bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses: list[int] = []
    parse = TaskParser.parse

    def write_and_parse(parser: TaskParser, *arguments: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(bob.post, "tasks", {"title": "Dig"})
            statuses.append(call.result().status_code)
        return parse(parser, *arguments)

    monkeypatch.setattr(TaskParser, "parse", write_and_parse)
    headers = {"Idempotency-Key": "a", "Content-Type": JSONL}
    file = json_lines({"title": "Sow"})

    response = ann.call("POST", "users/me/import", data=file, headers=headers)

    assert (response.status_code, statuses) == (200, [201])


@pytest.fixture
def during(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[TestResponse]]:
    """Return a function that sends a request while the first import is stored."""

    def run(second: Callable[[], TestResponse]) -> list[TestResponse]:
        responses: list[TestResponse] = []
        store = service.import_tasks

        def stored(*arguments: Any, **options: Any) -> Any:
            monkeypatch.setattr(service, "import_tasks", store)
            with ThreadPoolExecutor(1) as other:
                responses.append(other.submit(second).result())
            return store(*arguments, **options)

        monkeypatch.setattr(service, "import_tasks", stored)
        return responses

    return run


def test_second_concurrent_import_is_rejected(
    ann: Client, during: Callable[..., list[TestResponse]]
) -> None:
    file = json_lines({"title": "Sow"})
    responses = during(lambda: send_file(ann, file))

    first = send_file(ann, file)

    assert first.status_code == 200
    (second,) = responses
    assert_problem(second, 429, "rate-limited")
    assert int(second.headers["Retry-After"]) > 0
    assert send_file(ann, file).status_code == 200
    assert task_count(ann) == 2


def test_repeated_concurrent_import_is_reported_as_in_progress(
    ann: Client, during: Callable[..., list[TestResponse]]
) -> None:
    def send() -> TestResponse:
        headers = {"Idempotency-Key": "a", "Content-Type": JSONL}
        file = json_lines({"title": "Sow"})
        return ann.call("POST", "users/me/import", data=file, headers=headers)

    responses = during(send)

    first, again = send(), send()

    assert_problem(responses[0], 409, "request-in-progress")
    assert (first.status_code, again.json) == (200, first.json)
    assert task_count(ann) == 1


def test_import_after_a_rejected_one_succeeds(ann: Client) -> None:
    assert send_file(ann, "{").status_code == 422
    assert send_file(ann, json_lines({"title": "Sow"})).status_code == 200


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_import_during_one_in_another_worker_is_rejected_on_postgresql(
    app: Flask, ann: Client
) -> None:
    with app.app_context(), db.database.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.execute(service.LOCK, {"name": f"import {ann.user['id']}"})
        response = send_file(ann, json_lines({"title": "Sow"}))
        connection.exec_driver_sql("ROLLBACK")

    assert_problem(response, 429, "rate-limited")
    assert send_file(ann, json_lines({"title": "Sow"})).status_code == 200
