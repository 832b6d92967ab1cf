"""Signals at work: workers are replaced unnoticed, and an end is clean."""

from tests.faults.conftest import SOAK, Measure, Stage

RELOADS = 20 if SOAK else 1
TURNED_AWAY = {"ConnectionRefusedError", "ConnectionResetError"}


def test_workers_are_replaced_without_a_failed_request(
    stage: Stage, measure: Measure
) -> None:
    scene = stage("sqlite", WEB_CONCURRENCY=2)
    scene.go_on()

    replaced = [scene.reload() for _ in range(RELOADS)]

    measure("reloads", len(replaced))
    measure("requests", len(scene.crowd.results))
    assert scene.failures() == set()


def test_shutdown_finishes_started_requests_and_rejects_others(stage: Stage) -> None:
    scene = stage("sqlite", WEB_CONCURRENCY=2)
    scene.go_on()

    status = scene.restart()

    assert status == 0
    assert scene.failures() <= TURNED_AWAY
    assert scene.balance() == (0, 0)
