"""The figures of tests/cluster, from what its clients wrote down."""

import subprocess
import sys
from collections import Counter

import pytest

from tests.helpers.outcomes import Phase, balance, outcome
from tests.helpers.programs import ROOT
from tests.helpers.writers import Seen

PHASE = Phase("Kill it", began=10, mended=14, ended=20)
POLITE = "503 with Retry-After"
SEEN = [
    Seen(9.9, "POST", "201", 0.1),
    Seen(11, "POST", "201", 0.1),
    Seen(12, "GET", "200", 0.1),
    Seen(13, "POST", POLITE, 2.5),
    Seen(13.5, "POST", "500", 0.1),
    Seen(15.5, "POST", "201", 0.1),
]


def test_a_phase_counts_what_ended_in_it() -> None:
    found = outcome(PHASE, SEEN)

    assert found.requests == 5
    assert found.failures == Counter({POLITE: 1, "500": 1})
    assert found.impolite == 1
    assert found.slowest == 2.5


def test_a_phase_says_for_how_long_nothing_could_be_written() -> None:
    found = outcome(PHASE, SEEN)

    assert found.longest_without_write == 4.5
    assert found.first_write_after == 1.5


def test_a_phase_in_which_nothing_was_written_lasted_all_of_it() -> None:
    found = outcome(PHASE, [])

    assert found.longest_without_write == 10
    assert found.first_write_after == 6


@pytest.mark.parametrize(
    ("acknowledged", "stored", "expected"),
    [
        pytest.param(["a", "b"], ["a", "b"], (0, 0), id="as promised"),
        pytest.param(["a", "b"], ["b"], (1, 0), id="lost"),
        pytest.param(["a"], ["a", "a"], (0, 1), id="doubled"),
        pytest.param([], ["a"], (0, 0), id="written but not acknowledged"),
    ],
)
def test_acknowledged_writes_are_held_against_stored_ones(
    acknowledged: list[str], stored: list[str], expected: tuple[int, int]
) -> None:
    found = balance(acknowledged, stored)

    assert found == expected


def test_the_cluster_says_how_it_can_be_run() -> None:
    words = [sys.executable, "-m", "tests.cluster", "--help"]

    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "--direct" in done.stdout
