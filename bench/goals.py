"""Goals for the speed of taskapi on PostgreSQL, and whether a run reaches them."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

READS = ("get", "list 20")
WRITES = ("create", "patch")
CONNECTIONS = (16, 64)
KIND = "postgresql"
TITLES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
FASTAPI, BARE = "fastapi-async", "raw-auth"


@dataclass(frozen=True)
class Goal:
    """A bound that every value must keep, and one to aim at."""

    name: str
    must: float
    aim: float | None
    unit: str
    values: Sequence[float | None]
    higher_is_better: bool = False

    @property
    def verdict(self) -> str:
        """The bound that the worst value reaches."""
        known = [value for value in self.values if value is not None]
        if not known or len(known) < len(self.values):
            return "not measured"
        worst = min(known) if self.higher_is_better else max(known)
        if self.aim is not None and self._reaches(worst, self.aim):
            return "aim"
        return "must" if self._reaches(worst, self.must) else "**missed**"

    def _reaches(self, value: float, bound: float) -> bool:
        return value >= bound if self.higher_is_better else value <= bound


class Results:
    """The results of a run; None stands for what was not measured."""

    def __init__(self, results: dict[str, Any]) -> None:
        self.results = results

    def at(self, *path: str) -> Any:
        """Return the result at a path of names."""
        value: Any = self.results
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def typical_slice(
        self, kind: str, server: str, operation: str, connections: int
    ) -> dict[str, float] | None:
        """Return the medians of the rounds of the main run."""
        slices = self.at("main", kind, server, operation, str(connections))
        return typical(slices) if slices else None

    def ratio(
        self, kind: str, peer: str, operation: str, connections: int, value: str
    ) -> float | None:
        """Return the median of the rounds' ratios of taskapi to a peer.

        Speed changes between rounds, so medians of each server are not compared.
        """
        pairs = zip(
            self.at("main", kind, "taskapi", operation, str(connections)) or [],
            self.at("main", kind, peer, operation, str(connections)) or [],
            strict=False,
        )
        ratios = [one[value] / other[value] for one, other in pairs if other[value]]
        return statistics.median(ratios) if ratios else None

    def added(self, case: str) -> float | None:
        """Return the milliseconds by which a case exceeds page 1 of a small account."""
        sizes = sorted(self.at("growth", KIND) or {}, key=int)
        if not sizes:
            return None
        small = self.at("growth", KIND, sizes[0], "page 1", "median")
        large = self.at("growth", KIND, sizes[-1], case, "median")
        return None if small is None or large is None else float(large - small)


def typical(slices: Iterable[dict[str, float]]) -> dict[str, float]:
    """Return the medians of slices, and the sum of their errors."""
    rows = list(slices)
    return {
        name: (sum if name == "errors" else statistics.median)(r[name] for r in rows)
        for name in rows[0]
    }


def goals(results: Results) -> list[Goal]:
    """Return all goals with the values of a run."""
    return [
        _rate(results, FASTAPI, ("get",), 1.6, None),
        _rate(results, FASTAPI, ("list 20",), 1.3, None),
        _rate(results, FASTAPI, ("create",), 1.3, 1.7),
        _rate(results, FASTAPI, ("patch",), 1.6, 1.7),
        _rate(results, BARE, READS, 0.85, 0.95),
        _rate(results, BARE, WRITES, 0.65, 0.85),
        _latency(results),
        _growth(results),
        _login_burst(results),
        _memory(results),
        _start(results),
        *_statements(results),
    ]


def _rate(
    results: Results, peer: str, operations: Sequence[str], must: float, aim: Any
) -> Goal:
    values = [
        results.ratio(KIND, peer, operation, number, "rate")
        for operation in operations
        for number in CONNECTIONS
    ]
    name = f"{', '.join(operations)}: rate compared with {peer}"
    return Goal(name, must, aim, "", values, higher_is_better=True)


def _latency(results: Results) -> Goal:
    values = [results.ratio(KIND, BARE, op, 64, "p99") for op in (*READS, *WRITES)]
    name = f"{', '.join((*READS, *WRITES))}: p99 at 64 connections compared with {BARE}"
    return Goal(name, 1.0, None, "", values)


def _growth(results: Results) -> Goal:
    name = "page 1 and deep cursor of the largest account, beyond page 1 of 1,000 tasks"
    values = [results.added("page 1"), results.added("deep cursor")]
    return Goal(name, 0.5, None, " ms", values)


def _login_burst(results: Results) -> Goal:
    burst = results.at("login_burst", KIND, "taskapi") or {}
    before = (burst.get("before") or {}).get("rate")
    values = [
        burst[mode]["rate"] / before if before else None
        for mode in ("immediate", "retry_after")
        if mode in burst
    ]
    name = "reads during a burst of 32 logins: share of their rate"
    return Goal(name, 0.8, None, "", values, higher_is_better=True)


def _memory(results: Results) -> Goal:
    value = results.at("memory", KIND, "taskapi", "2", "pss")
    return Goal("memory of two workers (PSS)", 100, None, " MB", [value])


def _start(results: Results) -> Goal:
    value = results.at("startup", KIND, "taskapi", "median")
    return Goal("start to first response", 0.9, 0.5, " s", [value])


def _statements(results: Results) -> list[Goal]:
    limits = {"get": 2, "list 20": 2, "create": 2, "patch": 3}
    counts = results.at("statements", KIND) or {}
    return [
        Goal(f"SQL statements: {name}", limit, None, "", [counts.get(name)])
        for name, limit in limits.items()
    ]
