"""Writers that wait for the lock of SQLite do not delay reads."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask

from tests.faults.locking import locked
from tests.helpers.client import Client, assert_problem, with_app

WRITERS = 50
THREADS = 4
SECONDS = 60


@pytest.fixture
def ann_with_few_connections(
    app: Flask, ann: Client, app_with: Callable[..., Flask]
) -> Client:
    """Return a client of an app with few connections and a long lock timeout."""
    return with_app(ann, app_with(threads=THREADS, request_timeout=4 * SECONDS))


@pytest.fixture
def waiting(ann_with_few_connections: Client) -> Iterator[list[Future[Any]]]:
    """Start writers while another process has the lock; return those that wait."""
    with ThreadPoolExecutor(WRITERS) as pool, ExitStack() as lock:
        lock.enter_context(locked(ann_with_few_connections.app, ""))
        task = {"title": "Sow"}
        writers = [
            pool.submit(ann_with_few_connections.post, "tasks", task)
            for _ in range(WRITERS)
        ]
        still = set(writers)
        while len(still) > THREADS // 2 + 1:
            done, still = wait(still, SECONDS, FIRST_COMPLETED)
            assert done
            for one in done:
                assert_problem(one.result(), 503, "service-unavailable")
        yield list(still)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_reads_succeed_while_writers_wait_for_another_process(
    ann_with_few_connections: Client, waiting: list[Future[Any]]
) -> None:
    reads = [
        ann_with_few_connections.get("tasks").status_code for _ in range(2 * THREADS)
    ]

    assert set(reads) == {200}
    assert not [writer for writer in waiting if writer.done()]
