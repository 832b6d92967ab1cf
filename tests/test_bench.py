"""The benchmark reads, accounts and judges as it says; nothing here measures speed."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from bench import load, usage
from bench.agreement import differences
from bench.goals import Goal
from bench.report import markdown

SAID = """Running 3s test @ http://127.0.0.1:8000
  1 threads and 16 connections

SUMMARY {"requests": 300, "seconds": 3.0, "p50": 7.5, "p90": 9, "p99": 16.25, \
"max": 30, "errors": 1, "refused": 30}
"""
BURN = "import time\nwhile time.process_time() < 0.3: pass"
WORKER = f"""
import subprocess, sys
sys.stdin.readline()
subprocess.run([sys.executable, "-c", {BURN!r}])
print("burnt", flush=True)
sys.stdin.readline()
"""
TASK = {"id": 1, "title": "Water the plants", "tags": ["garden"]}


def slices(rate: float) -> dict[str, list[dict[str, float]]]:
    """Return what the main run finds for one operation."""
    one = {"rate": rate, "p50": 5.0, "p99": 9.0, "errors": 0, "refused": 0}
    cpu = {"server_ms": 1.0, "database_ms": 0.5, "foreign": 0.01, "balance": 0.5}
    found = one | cpu | {"tries": 1, "unbalanced_tries": 0}
    return {"16": [found, found | {"rate": rate * 3}, found | {"rate": rate / 3}]}


def result(rate: float) -> dict[str, Any]:
    """Return a measurement in which the product answers so often, FastAPI 1,000."""
    rates = {"taskapi": rate, "fastapi-async": 1000.0}
    main = {
        server: {name: slices(number) for name in ("get", "list 20", "create")}
        for server, number in rates.items()
    }
    return {
        "date": "2026-11-21",
        "commit": "0123456789",
        "machine": {"processor": "A processor", "cores": 2, "memory_gb": 8},
        "versions": {"Python": "3.13.1"},
        "options": {"rounds": 3, "small": False},
        "main": {"postgresql": main},
    }


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[str]]:
    """Return a process that lets a child of its own work for 0.3 s when told to."""
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    words = [sys.executable, "-c", WORKER]
    process = subprocess.Popen(words, text=True, **streams)  # noqa: S603 - our own
    yield process
    process.communicate("\n")


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    assert process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    process.stdout.readline()


def test_refused_requests_do_not_count_as_answers() -> None:
    found = load.summary(SAID)

    assert found["rate"] == 90
    assert (found["p50"], found["p99"], found["errors"]) == (7.5, 16.25, 1)


def test_a_run_of_wrk_without_a_summary_is_an_error() -> None:
    with pytest.raises(ValueError, match="unable to connect"):
        load.summary("unable to connect to 127.0.0.1:8000 Connection refused")


def test_the_work_of_children_that_ended_is_accounted(
    worker: subprocess.Popen[str],
) -> None:
    before = usage.read(worker.pid, None)

    tell(worker)

    use = usage.between(before, usage.read(worker.pid, None))
    assert 0.2 < use.server < 0.9
    assert use.database == 0


def test_the_memory_of_a_process_is_read() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    found = usage.memory(usage.tree(process.pid))

    process.communicate(b"\n")
    assert 0 < found["pss"] <= found["rss"]


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        ([2.0, 1.8], "aim"),
        ([2.0, 1.5], "must"),
        ([2.0, 1.2], "**missed**"),
        ([2.0, None], "not measured"),
        ([], "not measured"),
    ],
)
def test_the_worst_figure_decides_about_a_goal(figures: Any, verdict: str) -> None:
    goal = Goal("a ratio", 1.3, 1.7, "x", figures, more_is_better=True)

    assert goal.verdict == verdict


@pytest.mark.parametrize(
    ("rate", "row"),
    [
        (2000.0, "2.00, 2.00, 2.00x | aim |"),
        (1500.0, "1.50, 1.50, 1.50x | must |"),
        (1200.0, "1.20, 1.20, 1.20x | **missed** |"),
    ],
)
def test_the_report_says_which_goals_are_reached(rate: float, row: str) -> None:
    text = markdown(result(rate))

    assert (
        f"| get, list 20, create vs fastapi-async, PostgreSQL | ≥ 1.3x | ≥ 1.7x | {row}"
        in text
    )


def test_servers_that_answer_otherwise_are_found_out() -> None:
    expected = {"get": (200, TASK), "list": (200, [TASK])}
    given = {"get": (200, TASK | {"tags": []}), "list": (200, [TASK])}

    assert differences(expected, given) == ["get: /1/tags has 0 items, not 1"]
