"""PostgreSQL restarts, is killed or freezes: 503 until it is available again."""

import time
from collections import defaultdict
from collections.abc import Callable

from tests.faults import processes
from tests.faults.conftest import CLIENTS, SOAK, Measure, StartWorkload
from tests.faults.workload import Workload, probing
from tests.helpers.outcomes import Outcome
from tests.helpers.postgresql import Postgres

TIMES = 3 if SOAK else 1
WRITERS = 40 if SOAK else CLIENTS  # in a soak, more than the threads of the instance
SECONDS = 3
MAX_LIVENESS_SECONDS = 0.1
MAX_RECOVERY_SECONDS = 2
Server = Postgres
Failure = Callable[[Server, Workload], float]


def restart(server: Server, _scene: Workload) -> float:
    processes.stop(server)
    server.start()
    return time.monotonic()


def kill(server: Server, _scene: Workload) -> float:
    processes.kill(server)
    server.start()
    return time.monotonic()


def freeze(server: Server, workload: Workload) -> float:
    """Freeze it until the deadline of a request with a connection has elapsed."""
    before = len(workload.clients.results)
    processes.freeze(server)
    try:
        workload.wait(
            lambda: any(o.seconds > SECONDS for o in workload.clients.results[before:])
        )
    finally:
        processes.resume(server)
    return time.monotonic()


def observe(
    workload: Workload, server: Server, failure: Failure, probes: dict[str, list[float]]
) -> Outcome:
    """Return the outcome of a failure; record the durations of liveness probes."""

    def act() -> float:
        with probing(workload.instance) as seconds:
            repaired = failure(server, workload)
        probes[failure.__name__] += seconds
        return repaired

    return workload.watch(act)


def record_liveness(measure: Measure, probes: dict[str, list[float]]) -> None:
    """Record the durations of liveness probes, and check their limit."""
    for when, seconds in probes.items():
        measure(f"liveness {when}: p50", percentile(seconds, 50))
        measure("p99", percentile(seconds, 99))
        measure(
            "slowest", max(seconds), MAX_LIVENESS_SECONDS if when == "freeze" else None
        )


def percentile(seconds: list[float], percent: int) -> float:
    return sorted(seconds)[len(seconds) * percent // 100]


FAILURES = [restart, kill, freeze]


def test_failures_of_postgresql_return_503_until_they_are_repaired(
    start_workload: StartWorkload, postgres: Postgres, measure: Measure
) -> None:
    workload = start_workload("postgresql", WRITERS, REQUEST_TIMEOUT=SECONDS)
    probes: dict[str, list[float]] = defaultdict(list)
    with probing(workload.instance) as probes["normal operation"]:
        workload.wait_for_writes(4 * WRITERS)

    outcomes = [observe(workload, postgres, one, probes) for one in FAILURES * TIMES]

    recovery = max(one.first_write_after for one in outcomes)
    measure("first write after", recovery, MAX_RECOVERY_SECONDS)
    measure("slowest response", max(one.slowest for one in outcomes), SECONDS + 1)
    record_liveness(measure, probes)
    assert [one.unexpected for one in outcomes] == [0] * len(outcomes)
    assert max(map(max, probes.values())) < float("inf")
    assert workload.count_lost_and_doubled_writes() == (0, 0)
