"""Clients that retry with keys, while workers and the server are killed."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPException
from queue import Queue
from typing import Any

import pytest
from flask import Flask

from tests.support import API, Client
from tests.system.server import Answer, Server

CLIENTS, TASKS = 6, 16
SECONDS = 30
Serve = Callable[..., Server]


class Crowd:
    """Clients of a server that is killed under them and comes back elsewhere."""

    def __init__(self, server: Server, token: str) -> None:
        self.server = server
        self.bearer = {"Authorization": f"Bearer {token}"}
        self.answered: Queue[str] = Queue()

    def make(self, title: str) -> Answer:
        """Make a task: ask with one key until there is an answer."""
        headers = self.bearer | {"Idempotency-Key": title}
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            with suppress(OSError, HTTPException):
                answer = self.server.call(
                    "POST", f"{API}/tasks", {"title": title, "tags": ["a"]}, headers
                )
                if answer.status not in {409, 503}:
                    return answer
            time.sleep(0.02)
        raise AssertionError("No answer came.")

    def make_some(self, name: str) -> list[Answer]:
        """Make some tasks, one after the other."""
        made = []
        for number in range(TASKS):
            made.append(self.make(f"{name}-{number}"))
            self.answered.put(name)
        return made

    def wait_for(self, count: int) -> None:
        """Return after so many more answers."""
        for _ in range(count):
            self.answered.get(timeout=SECONDS)


def workers(server: Server) -> list[int]:
    """Return the ids of a server's workers."""
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="],  # noqa: S607 - wherever it is installed
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = [line.split() for line in table.stdout.splitlines()]
    return [int(pid) for pid, parent in pairs if int(parent) == server.process.pid]


def kill_workers(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill(server: Server) -> None:
    """End a server and its workers as a crash of the machine does."""
    pids = workers(server)
    server.process.kill()
    server.process.wait()
    kill_workers(pids)


@pytest.fixture
def start(app: Flask, serving: Serve) -> Iterator[Callable[[], Server]]:
    """Return a starter of servers on the database of the test."""
    url = app.extensions["settings"].database_url
    secret = app.extensions["settings"].secret_key
    started: list[Server] = []

    def begin() -> Server:
        started.append(
            serving(DATABASE_URL=url, SECRET_KEY=secret, WEB_CONCURRENCY=2, THREADS=4)
        )
        return started[-1]

    yield begin
    for server in started:
        kill(server)


@contextmanager
def at_work(crowd: Crowd) -> Iterator[list[Any]]:
    """Let the clients work meanwhile; the list holds their answers at the end."""
    answers: list[Any] = []
    with ThreadPoolExecutor(CLIENTS) as pool:
        working = [pool.submit(crowd.make_some, f"{n}") for n in range(CLIENTS)]
        yield answers
        answers += [answer for one in working for answer in one.result()]


def test_nothing_is_lost_and_nothing_done_twice_when_the_server_is_killed(
    ann: Client, start: Callable[[], Server]
) -> None:
    crowd = Crowd(start(), ann.tokens["access_token"])

    with at_work(crowd) as answers:
        crowd.wait_for(16)
        kill_workers(workers(crowd.server)[:1])
        crowd.wait_for(16)
        kill_workers(workers(crowd.server))
        crowd.wait_for(16)
        kill(crowd.server)
        crowd.server = start()

    stored = ann.get("tasks?limit=100").json["items"]
    again = list(map(partial(repeat, crowd), answers))
    assert {answer.status for answer in answers} == {201}
    assert sorted(t["id"] for t in stored) == sorted(a.json["id"] for a in answers)
    assert len({task["title"] for task in stored}) == CLIENTS * TASKS == len(stored)
    assert again == [answer.json for answer in answers]


def repeat(crowd: Crowd, answer: Answer) -> Any:
    """Ask for a task once more, with its key."""
    again = crowd.make(answer.json["title"])
    assert again.headers["Idempotency-Replayed"] == "true"
    return again.json
