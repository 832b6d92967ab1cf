"""Main run: each operation on each server, in slices of a few seconds."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from bench import load, usage
from bench.agreement import differences, responses
from bench.dataset import Dataset
from bench.load import Request
from bench.paths import log
from bench.servers import SPECS, Server, Spec

CONNECTIONS = (16, 64)
LOGIN_CONNECTIONS = (4,)
"""With more connections than the hash queue has slots, rejections would be measured."""

LOGIN_SECONDS = 5
SECONDS_TO_SETTLE = 2
WRITES = {"create", "patch", "login"}
WARM_UP_CONNECTIONS = max(CONNECTIONS)
MAX_TRIES = 3
MAX_FOREIGN_LOAD = 0.06
PAUSE_SECONDS = 5
MAX_PAUSES = 12
"""For each operation: waiting for a quiet machine takes a minute at most."""

MAX_WORKER_SHARE = 0.75
"""If one of two workers does more of the work, a CPU is idle."""


@dataclass(frozen=True)
class Plan:
    """Extent of a run."""

    rounds: int
    seconds: float
    servers: Sequence[str]
    soak_minutes: float

    def specs(self, kind: str) -> list[Spec]:
        """Return the servers of the plan that support a kind of database."""
        specs = [SPECS[name] for name in self.servers]
        return [spec for spec in specs if kind in spec.databases]


@dataclass(frozen=True)
class Slice:
    """The requests that wrk sends, and a function that prepares the data.

    One that settles waits before for writes and password hashes that wrk did not wait
    for: 58 inserts of the async FastAPI were waiting for a row when a slice had ended.
    """

    requests: Sequence[Request]
    token: str
    connections: int
    seconds: float
    prepare: Callable[[], None] | None = None
    settles: bool = False


class Pauses:
    """A limited number of pauses in which other load on the machine may end."""

    def __init__(self) -> None:
        self.remaining = MAX_PAUSES

    def take(self) -> bool:
        """Wait for PAUSE_SECONDS, or return False if no pause remains."""
        if not self.remaining:
            return False
        self.remaining -= 1
        time.sleep(PAUSE_SECONDS)
        return True


def run(dataset: Dataset, plan: Plan) -> dict[str, Any]:
    """Return the slices by server, operation and connections, one for each round."""
    specs = plan.specs(dataset.database.kind)
    _require_agreement(specs, dataset)
    results: dict[str, Any] = {spec.name: {} for spec in specs}
    for number in range(plan.rounds):
        order = specs[number % len(specs) :] + specs[: number % len(specs)]
        for name in load.operations(dataset.main.target, ""):
            able = [spec for spec in order if spec.has_login or name != "login"]
            with _started(able, dataset) as servers:
                _measure_operation(servers, name, dataset, plan, results)
        log(f"  round {number + 1} of {plan.rounds}")
    return results


@contextmanager
def _started(specs: Sequence[Spec], dataset: Dataset) -> Iterator[list[Server]]:
    """Start all servers; those that are not measured are idle."""
    with ExitStack() as running:
        yield [running.enter_context(Server(s, dataset.database)) for s in specs]


def _require_agreement(specs: Sequence[Spec], dataset: Dataset) -> None:
    """Raise RuntimeError if a server does not return the same fields as taskapi."""
    expected = _responses(SPECS["taskapi"], dataset)
    for spec in specs:
        different = differences(expected, _responses(spec, dataset))
        if different:
            lines = "\n  ".join(different[:20])
            raise RuntimeError(f"{spec.name} differs from taskapi:\n  {lines}")


def _responses(spec: Spec, dataset: Dataset) -> dict[str, Any]:
    with Server(spec, dataset.database) as server:
        found = responses(server, dataset.main)
    dataset.clean()
    return found


def _measure_operation(
    servers: Sequence[Server],
    name: str,
    dataset: Dataset,
    plan: Plan,
    results: dict[str, Any],
) -> None:
    """Measure an operation on all servers directly after each other."""
    token, numbers, seconds = dataset.main.token, CONNECTIONS, plan.seconds
    if name == "login":
        token, numbers, seconds = "", LOGIN_CONNECTIONS, LOGIN_SECONDS
    target, pauses = dataset.main.target, Pauses()
    requests = {s: load.operations(target, s.spec.health)[name] for s in servers}
    for server in servers if token else ():
        warm_up(server, requests[server], token)
    prepare = dataset.reopen_tasks if name == "patch" else None
    for number in numbers:
        for server in servers:
            job = Slice(
                requests[server], token, number, seconds, prepare, name in WRITES
            )
            quietest = measure_quietest(server, dataset.database.process, job, pauses)
            slices = results[server.spec.name].setdefault(name, {})
            slices.setdefault(str(number), []).append(quietest)
    if name in WRITES:
        time.sleep(SECONDS_TO_SETTLE)
        dataset.clean()


def warm_up(server: Server, requests: Sequence[Request], token: str) -> None:
    """Send requests for a second, to fill connection pools and caches."""
    load.finish(
        load.start(
            server.port,
            requests,
            token=token,
            connections=WARM_UP_CONNECTIONS,
            seconds=1,
        )
    )


def measure_quietest(
    server: Server, database: int | None, job: Slice, pauses: Pauses
) -> dict[str, float]:
    """Measure a slice again while it is disturbed, and return the best try."""
    tries = [measure(server, database, job)]
    while _is_disturbed(tries[-1]) and (len(tries) < MAX_TRIES or pauses.take()):
        tries.append(measure(server, database, job))
    best = min(tries, key=lambda one: (_is_unbalanced(one), one["foreign"]))
    unbalanced = sum(_is_unbalanced(one) for one in tries)
    return best | {"tries": len(tries), "unbalanced_tries": unbalanced}


def _is_disturbed(result: dict[str, float]) -> bool:
    return result["foreign"] > MAX_FOREIGN_LOAD or _is_unbalanced(result)


def _is_unbalanced(result: dict[str, float]) -> bool:
    return result["balance"] >= MAX_WORKER_SHARE


def measure(server: Server, database: int | None, job: Slice) -> dict[str, float]:
    """Return the summary of wrk and the CPU time of all processes during a slice."""
    if job.settles:
        time.sleep(SECONDS_TO_SETTLE)
    if job.prepare:
        job.prepare()
    before = usage.read(server.process.pid, database)
    process = load.start(
        server.port,
        job.requests,
        token=job.token,
        connections=job.connections,
        seconds=job.seconds,
    )
    summary = load.finish(process)
    used = usage.between(before, usage.read(server.process.pid, database))
    requests = max(1.0, summary["requests"])
    return summary | {
        "server_ms": used.server * 1000 / requests,
        "database_ms": used.database * 1000 / requests,
        "generator_ms": used.generator * 1000 / requests,
        "foreign": used.foreign,
        "balance": used.balance,
    }
