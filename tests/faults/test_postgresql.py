"""PostgreSQL that restarts, dies or freezes at work: 503 meanwhile, and all is well."""

import time
from collections import defaultdict
from collections.abc import Callable

from tests.faults import processes
from tests.faults.conftest import CLIENTS, SOAK, Measure, Stage
from tests.faults.scenes import Scene, probing
from tests.helpers.outcomes import Outcome
from tests.helpers.postgresql import Postgres

TIMES = 3 if SOAK else 1
CROWD = 40 if SOAK else CLIENTS  # more than the instance has threads
SECONDS = 3
SECONDS_TO_LIVE = 0.1
SECONDS_TO_RETURN = 2
Server = Postgres
FieldError = Callable[[Server, Scene], float]


def restart(server: Server, _scene: Scene) -> float:
    processes.stop(server)
    server.start()
    return time.monotonic()


def kill(server: Server, _scene: Scene) -> float:
    processes.kill(server)
    server.start()
    return time.monotonic()


def freeze(server: Server, scene: Scene) -> float:
    """Freeze it until the watchdog ended the waiting of one who had a connection."""
    before = len(scene.crowd.results)
    processes.freeze(server)
    try:
        scene.wait(
            lambda: any(o.seconds > SECONDS for o in scene.crowd.results[before:])
        )
    finally:
        processes.resume(server)
    return time.monotonic()


def look(
    scene: Scene, server: Server, fault: FieldError, lives: dict[str, list[float]]
) -> Outcome:
    """Return what clients saw of a fault; note how the service lived meanwhile."""

    def act() -> float:
        with probing(scene.instance) as seconds:
            mended = fault(server, scene)
        lives[fault.__name__] += seconds
        return mended

    return scene.watch(act)


def tell(measure: Measure, lives: dict[str, list[float]]) -> None:
    """Write down how fast liveness was, and hold it against what is promised."""
    for when, seconds in lives.items():
        measure(f"liveness {when}: p50", part(seconds, 50))
        measure("p99", part(seconds, 99))
        measure("slowest", max(seconds), SECONDS_TO_LIVE if when == "freeze" else None)


def part(seconds: list[float], percent: int) -> float:
    return sorted(seconds)[len(seconds) * percent // 100]


FAULTS = [restart, kill, freeze]


def test_faults_of_postgresql_return_503_and_pass(
    stage: Stage, postgres: Postgres, measure: Measure
) -> None:
    scene = stage("postgresql", CROWD, REQUEST_TIMEOUT=SECONDS)
    lives: dict[str, list[float]] = defaultdict(list)
    with probing(scene.instance) as lives["at work"]:
        scene.go_on(4 * CROWD)

    seen = [look(scene, postgres, fault, lives) for fault in FAULTS * TIMES]

    back = max(one.first_write_after for one in seen)
    measure("first write after", back, SECONDS_TO_RETURN)
    measure("slowest answer", max(one.slowest for one in seen), SECONDS + 1)
    tell(measure, lives)
    assert [one.unexpected for one in seen] == [0] * len(seen)
    assert max(map(max, lives.values())) < float("inf")
    assert scene.balance() == (0, 0)
