"""What clients saw, in figures."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from tests.helpers.writers import Seen

POLITE = "503 with Retry-After"


class Phase(NamedTuple):
    """A stretch of time; `mended` is when the part was there again."""

    name: str
    began: float
    mended: float
    ended: float


class Outcome(NamedTuple):
    """What clients saw in a phase."""

    name: str
    requests: int
    failures: Counter[str]
    longest_without_write: float
    first_write_after: float
    slowest: float

    @property
    def impolite(self) -> int:
        """Count what was neither good nor 503 with Retry-After."""
        return sum(n for status, n in self.failures.items() if status != POLITE)

    def __str__(self) -> str:
        failures = ", ".join(f"{n} x {s}" for s, n in sorted(self.failures.items()))
        return (
            f"{self.name}\n    {self.requests} requests, failed: {failures or 'none'}; "
            f"longest without a write {self.longest_without_write:.1f} s, first write "
            f"{self.first_write_after:.1f} s after it was mended, slowest answer "
            f"{self.slowest:.1f} s"
        )


def outcome(phase: Phase, seen: Iterable[Seen]) -> Outcome:
    """Sum up what was seen in a phase."""
    here = [one for one in seen if phase.began <= one.at < phase.ended]
    writes = [one.at for one in here if one.is_good and one.method == "POST"]
    after = [at for at in writes if at >= phase.mended]
    gaps = [b - a for a, b in pairwise([phase.began, *writes, phase.ended])]
    return Outcome(
        phase.name,
        len(here),
        Counter(one.status for one in here if not one.is_good),
        max(gaps),
        min(after, default=phase.ended) - phase.mended,
        max((one.seconds for one in here), default=0),
    )


def balance(acknowledged: list[str], stored: list[str]) -> tuple[int, int]:
    """Return how many acknowledged writes are lost, and how many are there twice."""
    there = Counter(stored)
    lost = sum(not there[title] for title in acknowledged)
    doubled = sum(there[title] > 1 for title in there)
    return lost, doubled
