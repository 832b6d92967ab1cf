"""Memory, start-up time, SQL statements, and a long mixed load."""

import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

from bench import load, usage
from bench.dataset import Dataset
from bench.load import TASKS
from bench.paths import ROOT, log, secret_key
from bench.servers import SPECS, Server
from bench.throughput import Plan

STARTS = 5
LOAD_SECONDS = 5
LOAD_CONNECTIONS, SOAK_CONNECTIONS = 16, 64
MAX_SECONDS_TO_FIRST_READING = 60


def memory(dataset: Dataset, plan: Plan) -> dict[str, Any]:
    """Return the memory of all processes in MB, with 2 and with 3 workers."""
    results: dict[str, Any] = {}
    for spec in plan.specs(dataset.database.kind):
        results[spec.name] = {}
        for workers in (2, 3):
            with Server(spec, dataset.database, workers=workers) as server:
                load.finish(_start_mixture(dataset, server, LOAD_SECONDS))
                time.sleep(1)
                used = usage.memory(server.tree())
            results[spec.name][str(workers)] = used
            dataset.clean()
        log(f"  memory: {spec.name}")
    return results


def startup(dataset: Dataset, plan: Plan) -> dict[str, Any]:
    """Return the seconds from the command to the first response of /health."""
    results: dict[str, Any] = {}
    for spec in plan.specs(dataset.database.kind):
        times = []
        for _ in range(STARTS):
            with Server(spec, dataset.database) as server:
                times.append(server.seconds_to_start)
        results[spec.name] = {"times": times, "median": statistics.median(times)}
    return results


def soak(dataset: Dataset, plan: Plan) -> dict[str, Any]:
    """Return the errors of a long mixed load, and the memory at start and end."""
    seconds = plan.soak_minutes * 60
    with Server(SPECS["taskapi"], dataset.database) as server:
        process = _start_mixture(dataset, server, seconds, SOAK_CONNECTIONS)
        time.sleep(min(MAX_SECONDS_TO_FIRST_READING, seconds / 2))
        first = usage.memory(server.tree())
        summary = load.finish(process)
        last = usage.memory(server.tree())
    dataset.clean()
    return summary | {"first": first, "last": last, "minutes": plan.soak_minutes}


def statements(dataset: Dataset, _: Plan) -> dict[str, Any]:
    """Return the number of SQL statements by operation, on PostgreSQL."""
    if dataset.database.kind != "postgresql":
        return {}
    account = dataset.main
    variables = {"DATABASE_URL": dataset.database.url, "SECRET_KEY": secret_key()}
    command = [sys.executable, "-m", "bench.statements"]
    command += [account.token, f"{TASKS}/{account.first_id}"]
    process = subprocess.run(
        command, cwd=ROOT, env=os.environ | variables, check=True, stdout=-1, text=True
    )
    dataset.clean()
    counts: dict[str, Any] = json.loads(process.stdout)
    return counts


def _start_mixture(
    dataset: Dataset,
    server: Server,
    seconds: float,
    connections: int = LOAD_CONNECTIONS,
) -> Any:
    target = dataset.main.target
    return load.start(
        server.port,
        load.mixture(target),
        token=target.token,
        connections=connections,
        seconds=seconds,
    )
