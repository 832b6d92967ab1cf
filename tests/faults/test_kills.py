"""Workers and masters that are killed: clients that retry lose no write."""

import pytest

from tests.conftest import KINDS
from tests.faults.conftest import SOAK, Measure, StartWorkload

WORKERS, MASTERS = (20, 5) if SOAK else (2, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_acknowledged_writes_exist_once_after_kills(
    start_workload: StartWorkload, kind: str, measure: Measure
) -> None:
    workload = start_workload(kind, WEB_CONCURRENCY=2)
    workload.wait_for_writes()

    kills = [workload.kill_worker] * WORKERS + [workload.kill_master] * MASTERS
    done = [kill() for kill in kills]

    lost, doubled = workload.count_lost_and_doubled_writes()
    measure("acknowledged", len(workload.clients.acknowledged))
    measure("kills", len(done))
    assert (lost, doubled) == (0, 0)
    assert not [s for s in workload.failures() if s.startswith("5") and "503" not in s]
