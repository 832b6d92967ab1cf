"""Memory after a load, the time to start, and a long mixed load."""

import statistics
import time
from typing import Any

from bench import load, usage
from bench.data import Dataset
from bench.paths import say
from bench.servers import SPECS, Server
from bench.throughput import Plan

STARTS = 5
LOAD_SECONDS = 5
SOAK_CONNECTIONS = 64
FIRST_LOOK_SECONDS = 60


def memory(dataset: Dataset, plan: Plan) -> dict[str, Any]:
    """Return the MB of all processes after a mixed load, with 2 and 3 workers."""
    found: dict[str, Any] = {}
    for name in _names(dataset, plan):
        found[name] = {}
        for workers in (2, 3):
            with _server(dataset, name, workers) as server:
                _mix(dataset, server, connections=16, seconds=LOAD_SECONDS)
                time.sleep(1)
                pids = server.tree()
                used = usage.memory(pids) | {"processes": len(pids)}
            found[name][str(workers)] = used
            dataset.clean()
        say(f"  memory: {name}")
    return found


def startup(dataset: Dataset, plan: Plan) -> dict[str, Any]:
    """Return the seconds from the command to the first answer, all of them."""
    found: dict[str, Any] = {}
    for name in _names(dataset, plan):
        times = []
        for _ in range(STARTS):
            with _server(dataset, name, 2) as server:
                times.append(server.seconds_to_start)
        found[name] = {"times": times, "median": statistics.median(times)}
    return found


def soak(dataset: Dataset, plan: Plan) -> dict[str, Any]:
    """Return the errors of a long mixed load, and the memory at both ends."""
    with _server(dataset, "taskapi", 2) as server:
        process = load.start(
            server.port,
            load.mixture(dataset.usual.target),
            token=dataset.usual.token,
            connections=SOAK_CONNECTIONS,
            seconds=plan.soak_minutes * 60,
        )
        time.sleep(min(FIRST_LOOK_SECONDS, plan.soak_minutes * 30))
        first = usage.memory(server.tree())
        said = load.finish(process)
        last = usage.memory(server.tree())
    dataset.clean()
    return said | {"first": first, "last": last, "minutes": plan.soak_minutes}


def _names(dataset: Dataset, plan: Plan) -> list[str]:
    kind = dataset.database.kind
    return [name for name in plan.servers if kind in SPECS[name].databases]


def _server(dataset: Dataset, name: str, workers: int) -> Server:
    owner = dataset.usual.user_id
    return Server(SPECS[name], dataset.database, owner=owner, workers=workers)


def _mix(
    dataset: Dataset, server: Server, *, connections: int, seconds: float
) -> dict[str, float]:
    return load.finish(
        load.start(
            server.port,
            load.mixture(dataset.usual.target),
            token=dataset.usual.token,
            connections=connections,
            seconds=seconds,
        )
    )
