"""Signals under load: reloads fail no request, and shutdown is clean."""

from tests.faults.conftest import SOAK, Measure, StartWorkload

RELOADS = 20 if SOAK else 1
CONNECTION_ERRORS = {"ConnectionRefusedError", "ConnectionResetError"}


def test_workers_are_replaced_without_a_failed_request(
    start_workload: StartWorkload, measure: Measure
) -> None:
    workload = start_workload("sqlite", WEB_CONCURRENCY=2)
    workload.wait_for_writes()

    replaced = [workload.reload() for _ in range(RELOADS)]

    measure("reloads", len(replaced))
    measure("requests", len(workload.clients.results))
    assert workload.failures() == set()


def test_shutdown_finishes_started_requests_and_rejects_others(
    start_workload: StartWorkload,
) -> None:
    workload = start_workload("sqlite", WEB_CONCURRENCY=2)
    workload.wait_for_writes()

    status = workload.restart()

    assert status == 0
    assert workload.failures() <= CONNECTION_ERRORS
    assert workload.count_lost_and_doubled_writes() == (0, 0)
