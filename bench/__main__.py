"""Measure taskapi beside its peers, and write the report: `make bench`."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import growth, load, login_burst, resources, system_info, throughput
from bench.data import Dataset, prepare
from bench.databases import KINDS
from bench.paths import HOME, say
from bench.report import markdown
from bench.servers import SPECS, refuse_settings
from bench.throughput import Plan

PARTS: dict[str, Callable[[Dataset, Plan], Any]] = {
    "main": throughput.run,
    "growth": growth.run,
    "storm": login_burst.run,
    "memory": resources.memory,
    "startup": resources.startup,
    "soak": resources.soak,
}
USUAL = [part for part in PARTS if part != "soak"]
SOAK = 10
EVERYWHERE = {"main", "growth"}
"""The other parts run on the first database only."""


def arguments(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("make bench", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=3)
    add("--seconds", type=float, default=3, help="length of a slice")
    add("--servers", type=_names(SPECS), default=list(SPECS))
    add("--databases", type=_names(KINDS), default=list(KINDS))
    add("--only", type=_names(PARTS), default=USUAL, help="parts to measure")
    add("--soak", type=float, metavar="MINUTES", help="a long mixed load as well")
    add("--small", action="store_true", help="little data, one short round: a trial")
    add("--output", type=Path, default=HOME / "report", metavar="FOLDER")
    chosen = parser.parse_args(words)
    if chosen.small:
        chosen.rounds, chosen.seconds = 1, 1
    if chosen.soak:
        chosen.only = [*chosen.only, "soak"]
    return chosen


def main(words: list[str]) -> None:
    """Measure what is asked for; what was measured at the same commit stays."""
    chosen = arguments(words)
    load.require_wrk()
    if refuse_settings():
        sys.exit(f"bench: {refuse_settings()}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: ended"))  # servers too
    HOME.mkdir(exist_ok=True)
    file = chosen.output / "results.json"
    results = _begun(file, chosen)
    for kind in chosen.databases:
        say(f"{kind}: data")
        dataset = prepare(kind, small=chosen.small)
        results["versions"][kind] = dataset.database.version
        for part in _parts(chosen, kind):
            _measure(part, dataset, chosen, results)
            _write(file, results)
    say(f"the report lies in {file.with_name('benchmarks.md')}")


def _measure(
    part: str, dataset: Dataset, chosen: argparse.Namespace, results: dict[str, Any]
) -> None:
    begun, kind = time.monotonic(), dataset.database.kind
    say(f"{kind}: {part}")
    plan = Plan(chosen.rounds, chosen.seconds, chosen.servers, chosen.soak or SOAK)
    of_part = results.setdefault(part, {})
    of_part.setdefault(kind, {}).update(PARTS[part](dataset, plan))
    say(f"{kind}: {part} took {(time.monotonic() - begun) / 60:.1f} min")


def _names(known: Any) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        names = text.split(",")
        unknown = set(names) - set(known)
        if unknown:
            raise argparse.ArgumentTypeError(f"choose among {', '.join(known)}")
        return names

    read.__name__ = "name"
    return read


def _parts(chosen: argparse.Namespace, kind: str) -> list[str]:
    first = kind == chosen.databases[0]
    return [p for p in PARTS if p in chosen.only and (first or p in EVERYWHERE)]


def _begun(file: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Return what was measured already at this commit, and what it was measured on."""
    described = system_info.describe()
    known = {"small": chosen.small, "rounds": chosen.rounds}
    fresh = described | {"options": known}
    if not file.exists():
        return fresh
    earlier: dict[str, Any] = json.loads(file.read_text())
    same = earlier["commit"] == described["commit"]
    if not same or earlier["options"]["small"] != chosen.small:
        return fresh
    versions = earlier["versions"] | described["versions"]
    return earlier | fresh | {"versions": versions}


def _write(file: Path, results: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(results, indent=1) + "\n")
    file.with_name("benchmarks.md").write_text(markdown(results))


if __name__ == "__main__":
    main(sys.argv[1:])
