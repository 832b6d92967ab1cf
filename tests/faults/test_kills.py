"""Workers and masters that are killed at work: clients that repeat notice, no more."""

import pytest

from tests.conftest import KINDS
from tests.faults.conftest import SOAK, Measure, Stage

WORKERS, MASTERS = (20, 5) if SOAK else (2, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_acknowledged_writes_exist_once_after_kills(
    stage: Stage, kind: str, measure: Measure
) -> None:
    scene = stage(kind, WEB_CONCURRENCY=2)
    scene.go_on()

    kills = [scene.kill_worker] * WORKERS + [scene.kill_master] * MASTERS
    done = [kill() for kill in kills]

    lost, doubled = scene.balance()
    measure("acknowledged", len(scene.crowd.acknowledged))
    measure("kills", len(done))
    assert (lost, doubled) == (0, 0)
    assert not [s for s in scene.failures() if s.startswith("5") and "503" not in s]
