"""The goals, and whether a measurement reaches them."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

HOT = ("get", "list 20", "create")
TITLES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
LOST = ("errors",)


@dataclass(frozen=True)
class Goal:
    """A figure that must be reached, and one to aim at; each figure must."""

    name: str
    must: float
    aim: float
    unit: str
    figures: Sequence[float | None] = field(default=())
    more_is_better: bool = False

    @property
    def verdict(self) -> str:
        """Say what is reached by the worst of the figures."""
        known = [figure for figure in self.figures if figure is not None]
        if not known or len(known) < len(self.figures):
            return "not measured"
        worst = min(known) if self.more_is_better else max(known)
        sign = 1 if self.more_is_better else -1
        if (worst - self.aim) * sign >= 0:
            return "aim"
        return "must" if (worst - self.must) * sign >= 0 else "**missed**"


def typical(slices: Iterable[dict[str, float]]) -> dict[str, float]:
    """Return the medians of slices; what was lost is added up."""
    every = list(slices)
    return {
        name: (sum if name in LOST else statistics.median)(one[name] for one in every)
        for name in every[0]
    }


class Results:
    """Figures of a measurement by what they mean; None where it has none."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found

    def at(self, *path: str) -> Any:
        """Return what lies there."""
        place: Any = self.found
        for name in path:
            place = place.get(name) if isinstance(place, dict) else None
        return place

    def cell(
        self, kind: str, server: str, operation: str, number: int
    ) -> dict[str, float] | None:
        """Return the typical slice of the main run."""
        slices = self.at("main", kind, server, operation, str(number))
        return typical(slices) if slices else None

    def ratio(self, kind: str, operation: str, number: int, of: str) -> Any:
        """Return a maker of ratios of the product to another server.

        They are medians of the rounds' ratios: machines become slower and quicker.
        """
        ours = self.at("main", kind, "taskapi", operation, str(number))
        theirs = self.at("main", kind, of, operation, str(number))

        def by(name: str) -> float | None:
            pairs = zip(ours or [], theirs or [], strict=False)
            ratios = [one[name] / other[name] for one, other in pairs if other[name]]
            return statistics.median(ratios) if ratios else None

        return by

    def growth(self, kind: str, case: str) -> float | None:
        """Return the median of a case in the largest account."""
        sizes = self.at("growth", kind)
        largest = max(sizes, key=int) if sizes else ""
        found = self.at("growth", kind, largest, case, "median")
        return None if found is None else float(found)

    def added(self, kind: str, case: str) -> float | None:
        """Return how much longer a case takes in the largest account."""
        sizes = self.at("growth", kind)
        smallest = min(sizes, key=int) if sizes else ""
        usual = self.at("growth", kind, smallest, "page 1", "median")
        large = self.growth(kind, case)
        return None if usual is None or large is None else large - usual


def goals(results: Results) -> list[Goal]:
    """Return all goals with their figures."""
    kinds = list(results.at("main") or results.at("growth") or TITLES)
    return [
        *_against_fastapi(results, kinds),
        *_against_raw(results, kinds),
        *_growing(results, list(results.at("growth") or kinds)),
        *_storming(results),
        *_weighing(results),
    ]


def _against_fastapi(results: Results, kinds: Sequence[str]) -> list[Goal]:
    def goal(peer: str, kind: str, must: float, aim: float) -> Goal:
        figures = [results.ratio(kind, op, 16, peer)("rate") for op in HOT]
        name = f"{', '.join(HOT)} vs {peer}, {TITLES[kind]}"
        return Goal(name, must, aim, "x", figures, more_is_better=True)

    asynchronous = goal("fastapi-async", "postgresql", 1.3, 1.7)
    return [asynchronous]


def _against_raw(results: Results, kinds: Sequence[str]) -> list[Goal]:
    def figures(kind: str, names: Sequence[str], number: int, what: str) -> Any:
        return [results.ratio(kind, op, number, "raw-auth")(what) for op in names]

    found = []
    for kind in kinds:
        cpu, on = "server CPU per request vs raw-auth", TITLES[kind]
        reads, writes = HOT[:2], HOT[2:]
        found += [
            Goal(
                f"{cpu}: {', '.join(reads)}, {on}",
                1.9,
                1.4,
                "x",
                figures(kind, reads, 16, "server_ms"),
            ),
            Goal(
                f"{cpu}: create, {on}",
                2.2,
                1.6,
                "x",
                figures(kind, writes, 16, "server_ms"),
            ),
            Goal(
                f"p99 at 64 connections vs raw-auth: {', '.join(HOT)}, {on}",
                2.0,
                1.4,
                "x",
                figures(kind, HOT, 64, "p99"),
            ),
        ]
    return found


def _growing(results: Results, kinds: Sequence[str]) -> list[Goal]:
    cases = {
        "filter without a match": (10, 2),
        "search without a match": (10, 2),
        "search with many hits": (60, 30),
    }
    found = []
    for kind in kinds:
        more = [results.added(kind, case) for case in ("page 1", "deep cursor")]
        name = "page 1, deep cursor, more than page 1 of 1,000 tasks"
        found.append(Goal(f"{name}, {TITLES[kind]}", 2, 0.5, " ms", more))
        found += [
            Goal(
                f"{case}, largest account, {TITLES[kind]}",
                must,
                aim,
                " ms",
                [results.growth(kind, case)],
            )
            for case, (must, aim) in cases.items()
        ]
    return found


def _storming(results: Results) -> list[Goal]:
    storm = results.at("storm", "postgresql", "taskapi") or {}
    before, during = storm.get("before"), storm.get("at once")
    share = during["rate"] / before["rate"] if before and during else None
    longest = during["p99"] if during else None
    name = "reads while 32 clients log in without pause"
    return [
        Goal(
            f"{name}: share of their rate", 0.5, 0.8, "", [share], more_is_better=True
        ),
        Goal(f"{name}: p99", 100, 30, " ms", [longest]),
    ]


def _weighing(results: Results) -> list[Goal]:
    two, three = (
        results.at("memory", "postgresql", "taskapi", n, "pss") for n in ("2", "3")
    )
    more = three - two if two and three else None
    start = results.at("startup", "postgresql", "taskapi", "median")
    soaked = results.at("soak", "postgresql")
    lost = soaked["errors"] + soaked["refused"] if soaked else None
    return [
        Goal("memory of all processes, 2 workers (PSS)", 125, 100, " MB", [two]),
        Goal("memory of each further worker (PSS)", 45, 32, " MB", [more]),
        Goal("start to first answer", 0.8, 0.5, " s", [start]),
        Goal("soak at 64 connections: errors", 0, 0, "", [lost]),
        Goal("soak: growth of RSS", 5, 5, " %", [_grown(soaked)]),
    ]


def _grown(soaked: dict[str, Any] | None) -> float | None:
    if not soaked or math.isclose(soaked["first"]["rss"], 0):
        return None
    return float((soaked["last"]["rss"] / soaked["first"]["rss"] - 1) * 100)
