"""Calculations of the benchmark; no test here measures speed."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from bench import data, load, usage
from bench.agreement import comparable, differences
from bench.goals import Goal
from bench.report import markdown
from taskapi import db

WRK_OUTPUT = """Running 3s test @ http://127.0.0.1:8000
  1 threads and 16 connections

SUMMARY {"requests": 300, "seconds": 3.0, "p50": 7.5, "p90": 9, "p99": 16.25, \
"max": 30, "errors": 1, "rejected": 30}
"""
USE_CPU = "import time\nwhile time.process_time() < 0.3: pass"
WORKER = f"""
import subprocess, sys
sys.stdin.readline()
subprocess.run([sys.executable, "-c", {USE_CPU!r}])
print("done", flush=True)
sys.stdin.readline()
"""
TASK = {"id": 1, "title": "Water the plants", "tags": ["garden"]}


def slices(rate: float) -> dict[str, list[dict[str, float]]]:
    """Return the results of one operation at two numbers of connections."""
    wrk = {"rate": rate, "p50": 5.0, "p99": 9.0, "errors": 0, "rejected": 0}
    cpu = {"server_ms": 1.0, "database_ms": 0.5, "foreign": 0.01, "balance": 0.5}
    one = wrk | cpu | {"tries": 1, "unbalanced_tries": 0}
    rounds = [one, one | {"rate": rate * 3}, one | {"rate": rate / 3}]
    return {"16": rounds, "64": rounds}


def results(rate: float) -> dict[str, Any]:
    """Return results with this rate of taskapi and 1,000 of FastAPI."""
    rates = {"taskapi": rate, "fastapi-async": 1000.0}
    return {
        "date": "2026-11-21",
        "commit": "0123456789",
        "machine": {"processor": "A processor", "cores": 2, "memory_gb": 8},
        "versions": {"Python": "3.13.1"},
        "options": {"rounds": 3, "small": False},
        "main": {
            "postgresql": {
                server: {"create": slices(number)} for server, number in rates.items()
            }
        },
    }


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[str]]:
    """Return a process whose child uses 0.3 s of CPU time after a line of input."""
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    command = [sys.executable, "-c", WORKER]
    process = subprocess.Popen(command, text=True, **streams)  # noqa: S603 - our own
    yield process
    process.communicate("\n")


def let_work(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    assert process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    process.stdout.readline()


def test_wrk_summary_excludes_rejected_requests_from_the_rate() -> None:
    summary = load.summary(WRK_OUTPUT)

    assert summary["rate"] == 90
    assert (summary["p50"], summary["p99"], summary["errors"]) == (7.5, 16.25, 1)


def test_wrk_output_without_a_summary_is_an_error() -> None:
    with pytest.raises(ValueError, match="unable to connect"):
        load.summary("unable to connect to 127.0.0.1:8000 Connection refused")


def test_cpu_usage_includes_children_that_have_ended(
    worker: subprocess.Popen[str],
) -> None:
    before = usage.read(worker.pid, None)

    let_work(worker)

    used = usage.between(before, usage.read(worker.pid, None))
    assert 0.2 < used.server < 0.9
    assert used.database == 0


def test_memory_includes_shared_pages_in_rss_only() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    memory = usage.memory(usage.tree(process.pid))

    process.communicate(b"\n")
    assert 0 < memory["pss"] <= memory["rss"]


@pytest.mark.parametrize(
    ("values", "aim", "verdict"),
    [
        ([2.0, 1.8], 1.7, "aim"),
        ([2.0, 1.8], None, "must"),
        ([2.0, 1.5], 1.7, "must"),
        ([2.0, 1.2], 1.7, "**missed**"),
        ([2.0, None], 1.7, "not measured"),
        ([], 1.7, "not measured"),
    ],
)
def test_goal_verdict_depends_on_the_worst_value(
    values: Any, aim: float | None, verdict: str
) -> None:
    goal = Goal("a ratio", 1.3, aim, "", values, higher_is_better=True)

    assert goal.verdict == verdict


@pytest.mark.parametrize(
    ("rate", "row"),
    [
        (2000.0, "2.00, 2.00 | aim |"),
        (1500.0, "1.50, 1.50 | must |"),
        (1200.0, "1.20, 1.20 | **missed** |"),
    ],
)
def test_report_compares_goals_with_results(rate: float, row: str) -> None:
    text = markdown(results(rate))

    assert f"| create: rate compared with fastapi-async | ≥ 1.3 | ≥ 1.7 | {row}" in text


def test_differences_between_responses_are_found() -> None:
    expected = {"get": (200, TASK), "list": (200, [TASK])}
    actual = {"get": (200, TASK | {"tags": []}), "list": (200, [TASK])}

    assert differences(expected, actual) == ["get: /1/tags has 0 items, not 1"]


def test_new_fields_of_a_task_are_not_compared() -> None:
    task = comparable(TASK | {"estimate_minutes": 5})

    assert task == comparable(TASK)


def test_names_of_tables_and_columns_are_those_of_the_models() -> None:
    tables = db.Model.metadata.tables

    assert set(data.WRITTEN_TABLES) <= set(tables)
    assert data.SEARCH_COLUMN in tables["tasks"].columns
