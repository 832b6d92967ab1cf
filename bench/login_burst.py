"""Rate of reads while 32 clients log in concurrently."""

import json
import statistics
import subprocess
import sys
from typing import Any

from bench import load
from bench.dataset import Dataset
from bench.paths import ROOT, log
from bench.servers import Server
from bench.throughput import Pauses, Plan, Slice, measure, measure_quietest, warm_up

READ_CONNECTIONS = 8
MIN_SECONDS = 5.0
MODES = ("immediate", "retry_after")
"""When rejected clients try again: at once, or after the time in Retry-After."""


def run(dataset: Dataset, plan: Plan) -> dict[str, Any]:
    """Return the reads before the burst and in each mode, of the median round."""
    results: dict[str, Any] = {}
    for spec in plan.specs(dataset.database.kind):
        if spec.has_login:
            with Server(spec, dataset.database) as server:
                rounds = [_round(server, dataset, plan) for _ in range(plan.rounds)]
            results[spec.name] = _median_round(rounds)
            dataset.clean()
            log(f"  login burst: {spec.name}")
    return results


def _median_round(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    shares = [one[MODES[0]]["rate"] / one["before"]["rate"] for one in rounds]
    return rounds[shares.index(statistics.median_low(shares))]


def _round(server: Server, dataset: Dataset, plan: Plan) -> dict[str, Any]:
    target, database = dataset.main.target, dataset.database.process
    requests = load.operations(target, "/health")["get"]
    seconds = max(MIN_SECONDS, plan.seconds)
    job = Slice(requests, target.token, READ_CONNECTIONS, seconds)
    warm_up(server, requests, target.token)
    results: dict[str, Any] = {
        "before": measure_quietest(server, database, job, Pauses())
    }
    for mode in MODES:
        clients = _start_clients(server.port, seconds + 2, mode)
        during = measure(server, database, job)
        output, _ = clients.communicate()
        results[mode] = during | {"logins": json.loads(output)}
    return results


def _start_clients(port: int, seconds: float, mode: str) -> subprocess.Popen[str]:
    """Start 32 clients in a process of their own; return when they log in."""
    command = [sys.executable, "-m", "bench.login_clients"]
    command += [str(port), str(seconds), mode]
    clients = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if clients.stdout:
        clients.stdout.readline()
    return clients
