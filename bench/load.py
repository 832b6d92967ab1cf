"""Load: what is asked for, and wrk that asks."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.paths import HOME

SCRIPT = Path(__file__).with_name("wrk.lua")
SUMMARY = "SUMMARY "
TASKS = "/api/v1/tasks"
LOGIN = "/api/v1/auth/login"
TIMEOUT = "15s"


class Request(NamedTuple):
    """One request; a body goes as JSON."""

    method: str
    path: str
    body: Any = None

    def line(self) -> str:
        """Write it as the script of wrk reads it."""
        text = "" if self.body is None else json.dumps(self.body)
        return f"{self.method}\t{self.path}\t{text}"


class Target(NamedTuple):
    """Who asks for which tasks."""

    token: str
    task_ids: Sequence[int]
    login: dict[str, str]


NEW_TASK = {
    "title": "Water the plants",
    "description": "The ones on the balcony first; those in the hall need less.",
    "priority": "high",
}


def operations(target: Target, health: str) -> dict[str, list[Request]]:
    """Return the requests of each operation, which wrk sends in turn.

    Reads and changes go round many tasks, so that no row is a bottleneck; each round of
    changes sets the other of two statuses. Tasks that are to do at the beginning change
    with each request.
    """
    paths = [f"{TASKS}/{task_id}" for task_id in target.task_ids]
    return {
        "get": [Request("GET", path) for path in paths],
        "list 20": [Request("GET", f"{TASKS}?limit=20")],
        "list 100": [Request("GET", f"{TASKS}?limit=100")],
        "create": [Request("POST", TASKS, NEW_TASK)],
        "patch": [
            Request("PATCH", path, {"status": status})
            for status in ("in_progress", "todo")
            for path in paths
        ],
        "login": [Request("POST", LOGIN, target.login)],
        "health": [Request("GET", health)],
    }


def mixture(target: Target) -> list[Request]:
    """Return a day of a client in a hundred requests."""
    every = operations(target, "/health")
    shares = {"get": 50, "list 20": 20, "patch": 15, "create": 10, "health": 5}
    kinds = [name for name, share in shares.items() for _ in range(share)]
    spread = [kinds[number * 37 % len(kinds)] for number in range(len(kinds) * 10)]
    sources = {name: iter(every[name] * 1000) for name in shares}
    return [next(sources[name]) for name in spread]


def require_wrk() -> None:
    """End the process with one line where there is no wrk."""
    if shutil.which("wrk") is None:
        sys.exit("bench: wrk is missing; install the Debian package: apt install wrk")


def start(
    port: int,
    requests: Sequence[Request],
    *,
    token: str = "",
    connections: int,
    seconds: float,
) -> subprocess.Popen[str]:
    """Let wrk begin."""
    file = HOME / "requests.txt"
    file.write_text("".join(request.line() + "\n" for request in requests))
    words = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
    words += ["--timeout", TIMEOUT, "-s", str(SCRIPT), f"http://127.0.0.1:{port}"]
    variables = {"BENCH_REQUESTS": str(file)} | (
        {"BENCH_TOKEN": token} if token else {}
    )
    return subprocess.Popen(
        words, env=os.environ | variables, stdout=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> dict[str, float]:
    """Wait for wrk, and return its summary."""
    said, _ = process.communicate()
    return summary(said)


def summary(said: str) -> dict[str, float]:
    """Read the line that our script prints; latencies are in milliseconds."""
    lines = [line for line in said.splitlines() if line.startswith(SUMMARY)]
    if not lines:
        raise ValueError(f"wrk gave no summary: {said[-500:]}")
    found: dict[str, float] = json.loads(lines[-1].removeprefix(SUMMARY))
    good = found["requests"] - found["refused"]
    return found | {"rate": good / found["seconds"]}
