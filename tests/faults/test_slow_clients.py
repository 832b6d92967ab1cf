"""Clients that send their bodies slowly, behind nginx."""

from pathlib import Path

import pytest

from tests.faults.conftest import SOAK, Measure, StartWorkload
from tests.helpers.nginx import Nginx
from tests.helpers.programs import require_programs
from tests.helpers.slow_clients import measure_latency

SLOW, PROBES = (1000, 200) if SOAK else (100, 20)


def test_slow_clients_do_not_delay_other_clients(
    start_workload: StartWorkload,
    tmp_path: Path,
    measure: Measure,
    request: pytest.FixtureRequest,
) -> None:
    require_programs("nginx", "openssl")
    workload = start_workload("sqlite")
    nginx = Nginx(tmp_path, [workload.instance.port])
    request.addfinalizer(nginx.program.kill)

    seconds = measure_latency(nginx.port, nginx.certificate, SLOW, PROBES)

    measure("slow clients", SLOW)
    measure("probe p99", seconds[len(seconds) * 99 // 100], 1)
    assert workload.failures() == set()
