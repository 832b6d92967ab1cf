"""The main run: each operation on each server, in turn, in slices of a few seconds."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from bench import load, usage
from bench.agreement import answers, differences
from bench.data import Dataset
from bench.load import Request
from bench.paths import say
from bench.servers import SPECS, Server, Spec

CONNECTIONS = (16, 64)
LOGIN_CONNECTIONS = (4,)
"""More than there are places in the queue for a hash measure refusals, not logins."""

LOGIN_SECONDS = 5
SECONDS_TO_SETTLE = 2
WRITES = {"create", "patch", "login"}
WARM_CONNECTIONS = 8
TRIES = 3
QUIET = 0.06
REST_SECONDS = 5
MAX_RESTS = 12
"""For each operation, so that one that is never quiet takes a minute more."""

ALONE = 0.75
"""With two workers: one does three quarters of the work, so a processor idles."""


@dataclass(frozen=True)
class Plan:
    """What is measured, and for how long."""

    rounds: int
    seconds: float
    servers: Sequence[str]
    soak_minutes: float


def run(dataset: Dataset, plan: Plan) -> dict[str, Any]:
    """Return all slices: by server, operation and connections, one for each round."""
    kind = dataset.database.kind
    named = [SPECS[n] for n in plan.servers if kind in SPECS[n].databases]
    expected = _expected(dataset)
    for spec in named:
        with _start(spec, dataset) as server:
            _refuse_others(server, expected, dataset)
    found: dict[str, Any] = {spec.name: {} for spec in named}
    for number in range(plan.rounds):
        turns = named[number % len(named) :] + named[: number % len(named)]
        for name in load.operations(dataset.usual.target, ""):
            with _started(_able(turns, name), dataset) as servers:
                _compare(servers, name, dataset, plan, found)
        say(f"  round {number + 1} of {plan.rounds}")
    return found


def _able(specs: Sequence[Spec], name: str) -> list[Spec]:
    return [spec for spec in specs if spec.logs_in or name != "login"]


@contextmanager
def _started(specs: Sequence[Spec], dataset: Dataset) -> Iterator[list[Server]]:
    """Start servers afresh that wait beside each other for their slices."""
    with ExitStack() as running:
        yield [running.enter_context(_start(spec, dataset)) for spec in specs]


def _start(spec: Spec, dataset: Dataset) -> Server:
    return Server(spec, dataset.database, owner=dataset.usual.user_id)


def _expected(dataset: Dataset) -> dict[str, Any]:
    with Server(SPECS["taskapi"], dataset.database) as server:
        return _answers(server, dataset)


def _answers(server: Server, dataset: Dataset) -> dict[str, Any]:
    found = answers(server, dataset.usual)
    dataset.clean()
    return found


def _refuse_others(server: Server, expected: dict[str, Any], dataset: Dataset) -> None:
    unlike = differences(expected, _answers(server, dataset))
    if unlike:
        lines = "\n  ".join(unlike[:20])
        raise RuntimeError(f"{server.spec.name} answers otherwise:\n  {lines}")


def _compare(
    servers: Sequence[Server],
    name: str,
    dataset: Dataset,
    plan: Plan,
    found: dict[str, Any],
) -> None:
    """Measure an operation on all servers, a slice on each right after the other."""
    token, numbers, seconds = dataset.usual.token, CONNECTIONS, plan.seconds
    if name == "login":
        token, numbers, seconds = "", LOGIN_CONNECTIONS, LOGIN_SECONDS
    asked = {
        server: load.operations(dataset.usual.target, server.spec.health)[name]
        for server in servers
    }
    for server, requests in asked.items() if token else ():
        warm(server, requests, token)
    patience, database = Patience(), dataset.database.process
    prepare = dataset.reopen if name == "patch" else None
    for number in numbers:
        for server, requests in asked.items():
            job = Job(requests, token, number, seconds, prepare)
            slices = found[server.spec.name].setdefault(name, {})
            one = quietest(server, database, job, patience)
            slices.setdefault(str(number), []).append(one)
    if name in WRITES:
        dataset.clean()


class Patience:
    """Rests for as long as the machine is busy with other things, and not for ever."""

    def __init__(self) -> None:
        self.rests = MAX_RESTS

    def rest(self) -> bool:
        """Wait a little, and tell whether there was patience for it."""
        if self.rests:
            self.rests -= 1
            time.sleep(REST_SECONDS)
            return True
        return False


@dataclass(frozen=True)
class Job:
    """What wrk does in a slice, and what comes before."""

    requests: Sequence[Request]
    token: str
    connections: int
    seconds: float
    prepare: Callable[[], None] | None = None


def warm(server: Server, requests: Sequence[Request], token: str) -> None:
    """Let the server, its connections and its caches become ready."""
    load.finish(
        load.start(
            server.port,
            requests,
            token=token,
            connections=WARM_CONNECTIONS,
            seconds=1,
        )
    )


def quietest(
    server: Server, database: int | None, job: Job, patience: Patience
) -> dict[str, float]:
    """Return a slice that others disturbed little, if there is one in some tries.

    A slice in which nearly all connections came to one worker counts as disturbed.
    """
    tried = [measure(server, database, job)]
    while _is_disturbed(tried[-1]) and (len(tried) < TRIES or patience.rest()):
        tried.append(measure(server, database, job))
    best = min(tried, key=lambda one: (one["balance"] >= ALONE, one["foreign"]))
    lonely = sum(one["balance"] >= ALONE for one in tried)
    return best | {"tries": len(tried), "unbalanced_tries": lonely}


def _is_disturbed(one: dict[str, float]) -> bool:
    return one["foreign"] > QUIET or one["balance"] >= ALONE


def measure(server: Server, database: int | None, job: Job) -> dict[str, float]:
    """Return one slice: what wrk saw, and who used the processors meanwhile."""
    if not job.token:
        time.sleep(SECONDS_TO_SETTLE)  # hashes that wrk did not wait for
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
    said = load.finish(process)
    use = usage.between(before, usage.read(server.process.pid, database))
    requests = max(1.0, said["requests"])
    return said | {
        "server_ms": use.server * 1000 / requests,
        "database_ms": use.database * 1000 / requests,
        "generator_ms": use.generator * 1000 / requests,
        "busy": use.busy / (use.seconds * use.cores),
        "foreign": use.foreign,
        "balance": use.balance,
    }
