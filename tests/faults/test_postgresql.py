"""PostgreSQL that restarts, dies or freezes at work: 503 meanwhile, and all is well."""

import time

from deploy.cluster.postgres import Postgres
from tests.faults import processes
from tests.faults.conftest import CLIENTS, SOAK, Measure, Stage
from tests.faults.scenes import Scene, probing

TIMES = 3 if SOAK else 1
CROWD = 40 if SOAK else CLIENTS  # more than the instance has threads
SECONDS = 3
SECONDS_TO_LIVE = 0.1
SECONDS_TO_RETURN = 2
Server = Postgres


def restart(server: Server, _scene: Scene) -> float:
    processes.stop(server)
    server.start()
    return time.monotonic()


def kill(server: Server, _scene: Scene) -> float:
    processes.kill(server)
    server.start()
    return time.monotonic()


def freeze(server: Server, scene: Scene) -> float:
    """Freeze it until clients were refused, which only the watchdog can bring about."""
    refused = sum(not one.is_good for one in scene.crowd.seen) + scene.clients
    processes.freeze(server)
    try:
        scene.wait(lambda: sum(not o.is_good for o in scene.crowd.seen) >= refused)
    finally:
        processes.thaw(server)
    return time.monotonic()


def p99(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) * 99 // 100]


def test_faults_of_postgresql_are_answered_503_and_pass(
    stage: Stage, postgres: Postgres, measure: Measure
) -> None:
    scene = stage("postgresql", CROWD, REQUEST_TIMEOUT=SECONDS)
    faults = [restart, kill, freeze] * TIMES
    with probing(scene.instance) as lives_before:
        scene.go_on(4 * CROWD)

    with probing(scene.instance) as lives:
        seen = [scene.watch(lambda f=f: f(postgres, scene)) for f in faults]

    back = max(one.first_write_after for one in seen)
    measure("first write after", back, SECONDS_TO_RETURN)
    measure("slowest answer", max(one.slowest for one in seen), SECONDS + 1)
    usual = p99(lives_before)
    measure("p99 of liveness before", usual)
    measure("slowest liveness", max(lives))
    measure("p99 of liveness", p99(lives), max(SECONDS_TO_LIVE, 2 * usual))
    assert [one.impolite for one in seen] == [0] * len(faults)
    assert max(lives) < float("inf")
    assert scene.balance() == (0, 0)
