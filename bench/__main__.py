"""Measure taskapi and its peers, and write the report: `make bench`."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bench import (
    growth,
    load,
    login_burst,
    memberships,
    resources,
    system_info,
    throughput,
)
from bench.databases import KINDS
from bench.dataset import Dataset, prepare
from bench.paths import WORK, log
from bench.report import markdown
from bench.servers import SPECS, require_default_settings
from bench.throughput import Plan

PARTS: dict[str, Callable[[Dataset, Plan], Any]] = {
    "main": throughput.run,
    "growth": growth.run,
    "memberships": memberships.run,
    "login_burst": login_burst.run,
    "memory": resources.memory,
    "startup": resources.startup,
    "statements": resources.statements,
    "soak": resources.soak,
}
DEFAULT_PARTS = [name for name in PARTS if name != "soak"]
DEFAULT_SOAK_MINUTES = 10
PARTS_OF_EACH_DATABASE = {"main", "growth", "memberships"}
"""The other parts run on the first database only."""


def parse_arguments(words: list[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser("make bench", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=3)
    add("--seconds", type=float, default=3, help="length of a slice")
    add("--servers", type=_names_of(SPECS), default=list(SPECS))
    add("--databases", type=_names_of(KINDS), default=list(KINDS))
    add("--only", type=_names_of(PARTS), default=DEFAULT_PARTS, help="parts to run")
    add("--soak", type=float, metavar="MINUTES", help="add a long mixed load")
    add("--small", action="store_true", help="less data, one round of short slices")
    add("--output", type=Path, default=WORK / "report", metavar="FOLDER")
    options = parser.parse_args(words)
    if options.small:
        options.rounds, options.seconds = 1, 1
    if options.soak:
        options.only = [*options.only, "soak"]
    return options


def main(words: list[str]) -> None:
    """Run the chosen parts; earlier results of the same commit are kept."""
    options = parse_arguments(words)
    load.require_wrk()
    require_default_settings()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: stopped"))
    WORK.mkdir(exist_ok=True)
    file = options.output / "results.json"
    results = _earlier_results(file, options)
    for kind in options.databases:
        log(f"{kind}: preparing data")
        dataset = prepare(kind, small=options.small)
        results["versions"][kind] = dataset.database.version
        for part in _parts(options, kind):
            _run_part(part, dataset, options, results)
            _write(file, results)
    log(f"report: {file.with_name('benchmarks.md')}")


def _run_part(
    part: str, dataset: Dataset, options: argparse.Namespace, results: dict[str, Any]
) -> None:
    start, kind = time.monotonic(), dataset.database.kind
    log(f"{kind}: {part}")
    minutes = options.soak or DEFAULT_SOAK_MINUTES
    plan = Plan(options.rounds, options.seconds, options.servers, minutes)
    results.setdefault(part, {}).setdefault(kind, {}).update(PARTS[part](dataset, plan))
    log(f"{kind}: {part} took {(time.monotonic() - start) / 60:.1f} min")


def _names_of(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Return a parser of names separated by commas."""

    def parse(text: str) -> list[str]:
        names = text.split(",")
        if set(names) - set(known):
            raise argparse.ArgumentTypeError(f"choose from {', '.join(known)}")
        return names

    return parse


def _parts(options: argparse.Namespace, kind: str) -> list[str]:
    is_first = kind == options.databases[0]
    allowed = PARTS if is_first else PARTS_OF_EACH_DATABASE
    return [part for part in PARTS if part in options.only and part in allowed]


def _earlier_results(file: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Return the results of the same commit and data, otherwise empty ones."""
    current = system_info.describe()
    current["options"] = {"small": options.small, "rounds": options.rounds}
    if not file.exists():
        return current
    earlier: dict[str, Any] = json.loads(file.read_text())
    is_same_commit = earlier["commit"] == current["commit"]
    if not is_same_commit or earlier["options"]["small"] != options.small:
        return current
    return earlier | current | {"versions": earlier["versions"] | current["versions"]}


def _write(file: Path, results: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(results, indent=1) + "\n")
    file.with_name("benchmarks.md").write_text(markdown(results))


if __name__ == "__main__":
    main(sys.argv[1:])
