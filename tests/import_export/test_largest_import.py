"""The largest documented import succeeds, and its parsing costs others nothing."""

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
from tests.import_export.files import CSV, JSONL, bring, numbers, written
from tests.support import Client, refused
from tests.system.sql import execute

LINES, TAGS = 10_000, 20
MAX_BYTES = 1024 * 1024


def largest() -> bytes:
    """Return a table of 10,000 lines with 20 tags each, in exactly 1 MiB."""
    letters = [a + b for a in ascii_lowercase for b in ascii_lowercase]
    rows = [
        f'{n},"{",".join(letters[(n + k) % len(letters)] for k in range(TAGS))}"\n'
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

    response = bring(ann, head + b"".join(rows[:1_100]), CSV)

    inserts = [text for text in statements if text.startswith("INSERT INTO task_tags")]
    assert response.json == {"created": 1_100, "skipped": 0, "truncated": []}
    assert len(inserts) == 2
    tags = ann.get("tags?include_total=true&limit=100").json
    assert tags["total"] == 26 * 26
    assert all(20 <= tag["task_count"] <= 40 for tag in tags["items"])


def test_largest_import_is_stored(ann: Client) -> None:
    body = largest()

    response = bring(ann, body, CSV)

    assert len(body) == MAX_BYTES
    assert response.json == {"created": LINES, "skipped": 0, "truncated": []}
    assert execute(ann.app, "SELECT count(*) FROM task_tags") == [(LINES * TAGS,)]
    execute(ann.app, "DELETE FROM task_tags")  # one by one with their tasks takes long


def test_parsing_does_not_spend_the_database_deadline(
    ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[float] = []
    read, store = TaskParser.parse, service.import_tasks

    def slow(intake: TaskParser, *arguments: Any) -> Any:
        left.append(deadline.remaining())
        later = SimpleNamespace(monotonic=lambda: monotonic() + 3600, sleep=sleep)
        monkeypatch.setattr(deadline, "time", later)
        return read(intake, *arguments)

    def stored(*arguments: Any, **options: Any) -> Any:
        left.append(deadline.remaining())
        return store(*arguments, **options)

    monkeypatch.setattr(TaskParser, "parse", slow)
    monkeypatch.setattr(service, "import_tasks", stored)

    response = bring(ann, written({"title": "Sow"}))

    assert response.status_code == 200
    before, after = left
    assert 0 < after <= before + 1
    assert after > before - 60


def test_nothing_is_locked_while_a_file_is_parsed(
    ann: Client, bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    responses: list[int] = []
    read = TaskParser.parse

    def parse(intake: TaskParser, *arguments: Any) -> Any:
        with ThreadPoolExecutor(1) as other:
            call = other.submit(bob.post, "tasks", {"title": "Dig"})
            responses.append(call.result().status_code)
        return read(intake, *arguments)

    monkeypatch.setattr(TaskParser, "parse", parse)
    headers = {"Idempotency-Key": "a", "Content-Type": JSONL}
    file = written({"title": "Sow"})

    response = ann.call("POST", "users/me/import", data=file, headers=headers)

    assert (response.status_code, responses) == (200, [201])


@pytest.fixture
def during(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[TestResponse]]:
    """Return what sends a second import while the first one is stored."""

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


def test_a_second_import_of_the_caller_is_rejected(
    ann: Client, during: Callable[..., list[TestResponse]]
) -> None:
    file = written({"title": "Sow"})
    responses = during(lambda: bring(ann, file))

    first = bring(ann, file)

    assert first.status_code == 200
    (second,) = responses
    refused(second, 429, "rate-limited")
    assert int(second.headers["Retry-After"]) > 0
    assert bring(ann, file).status_code == 200
    assert numbers(ann) == 2


def test_a_repetition_with_the_same_key_is_in_progress(
    ann: Client, during: Callable[..., list[TestResponse]]
) -> None:
    def send() -> TestResponse:
        headers = {"Idempotency-Key": "a", "Content-Type": JSONL}
        file = written({"title": "Sow"})
        return ann.call("POST", "users/me/import", data=file, headers=headers)

    responses = during(send)

    first, again = send(), send()

    refused(responses[0], 409, "request-in-progress")
    assert (first.status_code, again.json) == (200, first.json)
    assert numbers(ann) == 1


def test_a_rejected_import_lets_the_next_one_in(ann: Client) -> None:
    assert bring(ann, "{").status_code == 422
    assert bring(ann, written({"title": "Sow"})).status_code == 200


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_an_import_in_another_worker_counts_on_postgresql(
    app: Flask, ann: Client
) -> None:
    with app.app_context(), db.database.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.execute(service.LOCK, {"name": f"import {ann.user['id']}"})
        response = bring(ann, written({"title": "Sow"}))
        connection.exec_driver_sql("ROLLBACK")

    refused(response, 429, "rate-limited")
    assert bring(ann, written({"title": "Sow"})).status_code == 200
