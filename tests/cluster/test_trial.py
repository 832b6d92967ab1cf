"""Calculations and command line of the cluster trial, without a cluster."""

import subprocess
import sys
from collections import Counter

import pytest

from tests.helpers.outcomes import Phase, count_lost_and_doubled, summarize
from tests.helpers.programs import ROOT
from tests.helpers.writers import UNAVAILABLE, Result

PHASE = Phase("Kill it", start=10, repaired=14, end=20)
RESULTS = [
    Result(9.9, "POST", "201", 0.1),
    Result(11, "POST", "201", 0.1),
    Result(12, "GET", "200", 0.1),
    Result(13, "POST", UNAVAILABLE, 2.5),
    Result(13.5, "POST", "500", 0.1),
    Result(15.5, "POST", "201", 0.1),
]


def test_outcome_counts_requests_that_end_in_the_phase() -> None:
    outcome = summarize(PHASE, RESULTS)

    assert outcome.requests == 5
    assert outcome.failures == Counter({UNAVAILABLE: 1, "500": 1})
    assert outcome.unexpected == 1
    assert outcome.slowest == 2.5


def test_outcome_includes_the_time_to_the_first_write() -> None:
    outcome = summarize(PHASE, RESULTS)

    assert outcome.first_write_after == 1.5


def test_outcome_without_writes_lasts_to_the_end_of_the_phase() -> None:
    outcome = summarize(PHASE, [])

    assert outcome.first_write_after == 6


@pytest.mark.parametrize(
    ("acknowledged", "stored", "expected"),
    [
        pytest.param(["a", "b"], ["a", "b"], (0, 0), id="equal"),
        pytest.param(["a", "b"], ["b"], (1, 0), id="lost"),
        pytest.param(["a"], ["a", "a"], (0, 1), id="doubled"),
        pytest.param([], ["a"], (0, 0), id="written but not acknowledged"),
    ],
)
def test_acknowledged_writes_are_compared_with_stored_ones(
    acknowledged: list[str], stored: list[str], expected: tuple[int, int]
) -> None:
    counts = count_lost_and_doubled(acknowledged, stored)

    assert counts == expected


def test_cluster_trial_has_a_help_text() -> None:
    command = [sys.executable, "-m", "tests.cluster", "--help"]

    process = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert process.returncode == 0
    assert "Kill the parts of a cluster" in process.stdout
