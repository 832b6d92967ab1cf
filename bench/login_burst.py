"""A storm of logins: what becomes of those who only read."""

import json
import statistics
import subprocess
import sys
from typing import Any

from bench import load
from bench.data import Dataset
from bench.paths import ROOT, say
from bench.servers import SPECS, Server
from bench.throughput import Job, Patience, Plan, measure, quietest, warm

READERS = 8
WAYS = ("at once", "when told")
"""When a client comes back that was refused; Retry-After tells it."""


def run(dataset: Dataset, plan: Plan) -> dict[str, Any]:
    """Return the reads of a middle round, before the storm and during each way."""
    kind = dataset.database.kind
    found: dict[str, Any] = {}
    for name in plan.servers:
        spec = SPECS[name]
        if not spec.logs_in or kind not in spec.databases:
            continue
        with Server(spec, dataset.database) as server:
            rounds = [_storms(server, dataset, plan) for _ in range(plan.rounds)]
            found[name] = _middle(rounds) | {"rounds": rounds}
        dataset.clean()
        say(f"  storm: {name}")
    return found


def _middle(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the round in which reads kept the middle share of their rate."""
    shares = [found[WAYS[0]]["rate"] / found["before"]["rate"] for found in rounds]
    return rounds[shares.index(statistics.median_low(shares))]


def _storms(server: Server, dataset: Dataset, plan: Plan) -> dict[str, Any]:
    target = dataset.usual.target
    requests = load.operations(target, "/health")["get"]
    seconds = max(5.0, plan.seconds)
    job = Job(requests, target.token, READERS, seconds)
    process = dataset.database.process
    warm(server, requests, target.token)
    found: dict[str, Any] = {"before": quietest(server, process, job, Patience())}
    for way in WAYS:
        clients = _begin(server.port, way, seconds + 2)
        during = measure(server, process, job)
        said, _ = clients.communicate()
        found[way] = during | {"logins": json.loads(said)}
    return found


def _begin(port: int, way: str, seconds: float) -> subprocess.Popen[str]:
    """Let 32 clients log in, in a process of their own; return when they do."""
    words = [sys.executable, "-m", "bench.login_clients", str(port), str(seconds), way]
    clients = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if clients.stdout:
        clients.stdout.readline()
    return clients
