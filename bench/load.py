"""Requests of each operation, and wrk that sends them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.data import NEW_TASK
from bench.paths import WORK

SCRIPT = Path(__file__).with_name("wrk.lua")
SUMMARY = "SUMMARY "
TASKS = "/api/v1/tasks"
LOGIN = "/api/v1/auth/login"
TIMEOUT = "15s"


class Request(NamedTuple):
    """A request; the body is sent as JSON."""

    method: str
    path: str
    body: Any = None

    def line(self) -> str:
        """Return the line that wrk.lua reads."""
        text = "" if self.body is None else json.dumps(self.body)
        return f"{self.method}\t{self.path}\t{text}"


class Target(NamedTuple):
    """The account that sends requests, and the tasks that they refer to."""

    token: str
    task_ids: Sequence[int]
    login: dict[str, str]


def operations(target: Target, health: str) -> dict[str, list[Request]]:
    """Return the requests of each operation, which wrk sends in turn.

    Reads and changes alternate between many tasks, so that no row is a bottleneck. Each
    pass of changes sets the other of two statuses, so that each request changes a task.
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
    """Return a mix of operations: half reads, a fifth lists, a quarter writes."""
    requests = operations(target, "/health")
    shares = {"get": 50, "list 20": 20, "patch": 15, "create": 10, "health": 5}
    names = [name for name, share in shares.items() for _ in range(share)]
    spread = [names[number * 37 % len(names)] for number in range(len(names) * 10)]
    sources = {name: iter(requests[name] * 1000) for name in shares}
    return [next(sources[name]) for name in spread]


def require_wrk() -> None:
    """Exit with one line if wrk is not installed."""
    if shutil.which("wrk") is None:
        sys.exit("bench: wrk is not installed; on Debian: apt install wrk")


def start(
    port: int,
    requests: Sequence[Request],
    *,
    token: str = "",
    connections: int,
    seconds: float,
) -> subprocess.Popen[str]:
    """Start wrk."""
    file = WORK / "requests.txt"
    file.write_text("".join(request.line() + "\n" for request in requests))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
    command += ["--timeout", TIMEOUT, "-s", str(SCRIPT), f"http://127.0.0.1:{port}"]
    variables = {"BENCH_REQUESTS": str(file)} | (
        {"BENCH_TOKEN": token} if token else {}
    )
    return subprocess.Popen(
        command, env=os.environ | variables, stdout=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> dict[str, float]:
    """Wait for wrk, and return its summary."""
    output, _ = process.communicate()
    return summary(output)


def summary(output: str) -> dict[str, float]:
    """Parse the summary line of wrk.lua; latencies are in milliseconds.

    Raises ValueError if it is missing.
    """
    lines = [line for line in output.splitlines() if line.startswith(SUMMARY)]
    if not lines:
        raise ValueError(f"wrk printed no summary: {output[-500:]}")
    found: dict[str, float] = json.loads(lines[-1].removeprefix(SUMMARY))
    succeeded = found["requests"] - found["rejected"]
    return found | {"rate": succeeded / found["seconds"]}
