"""Summary of what clients experience while a part of the system fails."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from tests.helpers.writers import UNAVAILABLE, Result


class Phase(NamedTuple):
    """A period with a failure, which is repaired before its end."""

    name: str
    start: float
    repaired: float
    end: float


class Outcome(NamedTuple):
    """The results of the requests of a phase; times are in seconds."""

    name: str
    requests: int
    failures: Counter[str]
    first_write_after: float
    slowest: float

    @property
    def unexpected(self) -> int:
        """The number of failures other than a 503 with Retry-After."""
        return sum(n for status, n in self.failures.items() if status != UNAVAILABLE)

    def __str__(self) -> str:
        failures = ", ".join(f"{n} x {s}" for s, n in sorted(self.failures.items()))
        return (
            f"{self.name}\n    {self.requests} requests, failed: {failures or 'none'}; "
            f"first write {self.first_write_after:.1f} s after the repair, "
            f"slowest response {self.slowest:.1f} s"
        )


def summarize(phase: Phase, results: Iterable[Result]) -> Outcome:
    """Return the outcome of a phase."""
    own = [one for one in results if phase.start <= one.time < phase.end]
    writes = [one.time for one in own if one.is_success and one.method == "POST"]
    after = [time for time in writes if time >= phase.repaired]
    return Outcome(
        phase.name,
        len(own),
        Counter(one.status for one in own if not one.is_success),
        min(after, default=phase.end) - phase.repaired,
        max((one.seconds for one in own), default=0),
    )


def count_lost_and_doubled(
    acknowledged: list[str], stored: list[str]
) -> tuple[int, int]:
    """Return the numbers of acknowledged writes that are lost and of those doubled."""
    counts = Counter(stored)
    lost = sum(not counts[title] for title in acknowledged)
    doubled = sum(count > 1 for count in counts.values())
    return lost, doubled
