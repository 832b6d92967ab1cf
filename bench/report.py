"""The report in Markdown: goals, ratios, then what holds on this machine only."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.goals import TITLES, Goal, Results, goals
from bench.throughput import ALONE, QUIET

METHOD = Path(__file__).with_name("method.md")
NONE = "-"
COMPARED = ("rate", "server_ms", "p99")
PEERS = {"fastapi-async": "async FastAPI"}


def markdown(found: dict[str, Any]) -> str:
    """Return the whole report."""
    results = Results(found)
    parts = [
        _head(results),
        _goals(goals(results)),
        *_ratios(results),
        *_absolutes(results),
        *_growth(results),
        *_storms(results),
        *_weights(results),
        *_soaks(results),
        *_noise(results),
        METHOD.read_text(),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _head(results: Results) -> str:
    machine = results.at("machine")
    versions = results.at("versions") or {}
    named = ", ".join(f"{name} {number}" for name, number in versions.items())
    return f"""# Benchmarks

`make bench` wrote this on {results.at("date")} at commit `{results.at("commit")}`.

The machine: {machine["cores"]} cores ({machine["processor"]}),
{machine["memory_gb"]} GB
of memory. Load generator and database ran on the same cores. Ratios hold elsewhere,
absolute figures do not.

Versions: {named}.

*raw-auth* is the limit on gunicorn: bare callables with the same SQL, a token, the
session looked up, orjson. *raw* does without the token. Figures are medians of
{results.at("options", "rounds")} rounds with 2 workers, and ratios medians of the
rounds' ratios."""


def _goals(every: Sequence[Goal]) -> str:
    rows = [
        [
            goal.name,
            _bound(goal, goal.must),
            _bound(goal, goal.aim),
            ", ".join(_number(f) for f in goal.figures) + goal.unit,
            goal.verdict,
        ]
        for goal in every
    ]
    return "## Goals\n\n" + _table(["", "must", "aim", "measured", "reached"], rows)


def _bound(goal: Goal, number: float) -> str:
    return f"{'≥' if goal.more_is_better else '≤'} {number:g}{goal.unit}"


def _ratios(results: Results) -> Iterable[str]:
    for kind, servers in (results.at("main") or {}).items():
        peers = [name for name in PEERS if name in servers]
        limit = ["raw-auth"] if "raw-auth" in servers else []
        columns = [f"times {PEERS[name]}" for name in peers]
        if limit:
            columns += ["share of raw-auth", "CPU vs raw-auth", "p99 vs raw-auth"]
        wanted = [(peer, "rate") for peer in peers]
        wanted += [(peer, what) for peer in limit for what in COMPARED]
        rows = []
        for operation, number in _cells(servers):
            cells = [
                _number(results.ratio(kind, operation, number, peer)(what))
                for peer, what in wanted
            ]
            rows.append([operation, str(number), *cells])
        head = ["operation", "connections", *columns]
        yield f"## Ratios, {TITLES[kind]}\n\n" + _table(head, rows)


def _cells(servers: dict[str, Any]) -> list[tuple[str, int]]:
    ours = servers.get("taskapi") or next(iter(servers.values()), {})
    return [(op, int(number)) for op, numbers in ours.items() for number in numbers]


def _absolutes(results: Results) -> Iterable[str]:
    for kind, servers in (results.at("main") or {}).items():
        rows = []
        for operation, number in _cells(servers):
            cells = [results.cell(kind, name, operation, number) for name in servers]
            rows.append([operation, str(number), *map(_absolute, cells)])
        table = _table(["operation", "connections", *servers], rows)
        yield f"""## On this machine, {TITLES[kind]}

Answers per second · p50/p99 in ms · [server CPU, database CPU in ms per request]

{table}"""


def _absolute(cell: dict[str, float] | None) -> str:
    if cell is None:
        return NONE
    latency = f"{_number(cell['p50'])}/{_number(cell['p99'])}"
    cpu = f"[{cell['server_ms']:.2f}, {cell['database_ms']:.2f}]"
    lost = f" · {cell['errors']:.0f} lost" if cell["errors"] else ""
    refused = f" · {cell['refused']:.0f} refused" if cell["refused"] else ""
    return f"{_number(cell['rate'])} · {latency} · {cpu}{lost}{refused}"


def _growth(results: Results) -> Iterable[str]:
    sizes: dict[str, dict[str, dict[str, Any]]] = {}
    for kind, accounts in (results.at("growth") or {}).items():
        for size, cases in accounts.items():
            for case, figures in cases.items():
                name = f"{case}, {int(size):,} tasks"
                sizes.setdefault(name, {})[kind] = figures
    if not sizes:
        return
    kinds = list(results.at("growth"))
    rows = [
        [name, *(_pair(by_kind.get(kind)) for kind in kinds)]
        for name, by_kind in sizes.items()
    ]
    head = ["", *(TITLES[kind] for kind in kinds)]
    yield f"""## Growth

What one client waits for 20 tasks, in ms: median, and the longest.

{_table(head, rows)}"""


def _pair(figures: dict[str, Any] | None) -> str:
    if not figures:
        return NONE
    return f"{_number(figures['median'])}, {_number(figures['max'])}"


def _storms(results: Results) -> Iterable[str]:
    ways = {
        "before": "before",
        "at once": "who is refused comes back at once",
        "when told": "who is refused waits as told",
    }
    rows = []
    for kind, servers in (results.at("storm") or {}).items():
        for name, found in servers.items():
            for way, title in ways.items():
                one = found[way]
                logins = one.get("logins", {})
                said = ", ".join(f"{n} x {status}" for status, n in logins.items())
                rate, p99 = _number(one["rate"]), _number(one["p99"])
                rows.append([TITLES[kind], name, title, rate, p99, said])
    if rows:
        head = [
            "",
            "server",
            "logins",
            "reads per second",
            "p99 in ms",
            "login answers",
        ]
        yield f"""## A storm of logins

32 clients log in without pause while 8 connections read one task.

{_table(head, rows)}"""


def _weights(results: Results) -> Iterable[str]:
    rows = []
    for kind, servers in (results.at("memory") or {}).items():
        for name, found in servers.items():
            two, three = found["2"]["pss"], found["3"]["pss"]
            start = results.at("startup", kind, name, "median")
            cells = [two, three - two, found["2"]["rss"], start]
            rows.append([TITLES[kind], name, *map(_number, cells)])
    if rows:
        head = ["", "server", "PSS in MB, 2 workers", "each further worker"]
        head += ["RSS in MB, 2 workers", "start in s"]
        yield "## Memory after load, and start\n\n" + _table(head, rows)


def _soaks(results: Results) -> Iterable[str]:
    for kind, found in (results.at("soak") or {}).items():
        first, last = found["first"]["rss"], found["last"]["rss"]
        yield f"""## Soak, {TITLES[kind]}

{found["minutes"]:g} minutes of mixed load at 64 connections: {found["requests"]:,.0f}
requests, {found["errors"]:.0f} lost, {found["refused"]:.0f} refused; RSS {first:.0f} MB
at the first look, after a minute at most, and {last:.0f} MB at the end."""


def _noise(results: Results) -> Iterable[str]:
    rows = []
    for kind, servers in (results.at("main") or {}).items():
        for name, operations in servers.items():
            kept = [
                one
                for numbers in operations.values()
                for slices in numbers.values()
                for one in slices
            ]
            rows.append(
                [
                    TITLES[kind],
                    name,
                    str(len(kept)),
                    str(sum(one["tries"] > 1 for one in kept)),
                    str(sum(one["foreign"] > QUIET for one in kept)),
                    _percent(max(one["foreign"] for one in kept)),
                    str(sum(one["unbalanced_tries"] for one in kept)),
                    str(sum(one["balance"] >= ALONE for one in kept)),
                ]
            )
    if rows:
        head = ["", "server", "slices", "repeated", f"foreign > {QUIET:.0%}"]
        head += ["most foreign load", "unbalanced tries", "unbalanced and kept"]
        yield "## How quiet it was\n\n" + _table(head, rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _number(figure: float | None) -> str:
    """Write a figure with three digits that count."""
    if figure is None:
        return NONE
    size = abs(figure)
    return f"{figure:,.{0 if size >= 100 else 1 if size >= 10 else 2}f}"
