"""The report in Markdown: goals, ratios, then the numbers of this machine."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.goals import BARE, FASTAPI, TITLES, Goal, Results, goals
from bench.throughput import MAX_FOREIGN_LOAD, MAX_WORKER_SHARE

METHOD = Path(__file__).with_name("method.md")
MISSING = "-"
RATIOS = {
    "times async FastAPI": (FASTAPI, "rate"),
    "share of raw-auth": (BARE, "rate"),
    "CPU vs raw-auth": (BARE, "server_ms"),
    "p99 vs raw-auth": (BARE, "p99"),
}
BURST_TITLES = {
    "before": "none",
    "immediate": "rejected clients retry immediately",
    "retry_after": "rejected clients honor Retry-After",
}


def markdown(found: dict[str, Any]) -> str:
    """Return the whole report."""
    results = Results(found)
    parts = [
        _introduction(results),
        _goals(goals(results)),
        *_ratios(results),
        *_rates(results),
        *_growth(results),
        *_memberships(results),
        *_login_burst(results),
        *_memory(results),
        *_soak(results),
        *_noise(results),
        METHOD.read_text(),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _introduction(results: Results) -> str:
    machine = results.at("machine")
    versions = results.at("versions") or {}
    named = ", ".join(f"{name} {number}" for name, number in versions.items())
    return f"""# Benchmarks

Written by `make bench` on {results.at("date")} at commit `{results.at("commit")}`.

Machine: {machine["cores"]} cores ({machine["processor"]}), {machine["memory_gb"]} GB of
memory, shared by server, database and load generator. Ratios hold on other machines,
absolute numbers do not.

Versions: {named}.

*raw-auth* is the limit for a Python stack on gunicorn: a bare WSGI callable that
decodes the token, looks up the session, runs the same SQL and serializes with orjson.
Results are medians of {results.at("options", "rounds")} rounds with 2 workers, and
ratios are medians of the ratios of the rounds."""


def _goals(every: Sequence[Goal]) -> str:
    rows = [
        [
            goal.name,
            _bound(goal, goal.must),
            _bound(goal, goal.aim),
            ", ".join(_number(value) for value in goal.values) + goal.unit,
            goal.verdict,
        ]
        for goal in every
    ]
    head = ["PostgreSQL", "must", "aim", "measured", "reached"]
    return "## Goals\n\n" + _table(head, rows)


def _bound(goal: Goal, number: float | None) -> str:
    if number is None:
        return ""
    return f"{'≥' if goal.higher_is_better else '≤'} {number:g}{goal.unit}"


def _ratios(results: Results) -> Iterable[str]:
    for kind, servers in (results.at("main") or {}).items():
        columns = {t: r for t, r in RATIOS.items() if r[0] in servers}
        rows = []
        for operation, number in _operations(servers):
            ratios = [
                results.ratio(kind, peer, operation, number, value)
                for peer, value in columns.values()
            ]
            rows.append([operation, str(number), *map(_number, ratios)])
        head = ["operation", "connections", *columns]
        yield f"## Ratios, {TITLES[kind]}\n\n" + _table(head, rows)


def _operations(servers: dict[str, Any]) -> list[tuple[str, int]]:
    first = servers.get("taskapi") or next(iter(servers.values()), {})
    return [
        (name, int(number)) for name, numbers in first.items() for number in numbers
    ]


def _rates(results: Results) -> Iterable[str]:
    for kind, servers in (results.at("main") or {}).items():
        rows = []
        for operation, number in _operations(servers):
            slices = [
                results.typical_slice(kind, name, operation, number) for name in servers
            ]
            rows.append([operation, str(number), *map(_rate, slices)])
        table = _table(["operation", "connections", *servers], rows)
        yield f"""## Rates, {TITLES[kind]}

Responses per second · p50/p99 in ms · [server CPU, database CPU in ms per request]

{table}"""


def _rate(typical: dict[str, float] | None) -> str:
    if typical is None:
        return MISSING
    latency = f"{_number(typical['p50'])}/{_number(typical['p99'])}"
    cpu = f"[{typical['server_ms']:.2f}, {typical['database_ms']:.2f}]"
    names = [name for name in ("errors", "rejected") if typical[name]]
    failed = "".join(f" · {typical[name]:.0f} {name}" for name in names)
    return f"{_number(typical['rate'])} · {latency} · {cpu}{failed}"


def _growth(results: Results) -> Iterable[str]:
    found = results.at("growth") or {}
    rows: dict[str, dict[str, str]] = {}
    for kind, accounts in found.items():
        for size, cases in accounts.items():
            for case, times in cases.items():
                text = f"{_number(times['median'])}, {_number(times['max'])}"
                rows.setdefault(f"{case}, {int(size):,} tasks", {})[kind] = text
    if rows:
        table = _table(
            ["request", *(TITLES[kind] for kind in found)],
            [[n, *(cells.get(k, MISSING) for k in found)] for n, cells in rows.items()],
        )
        yield f"""## Growth

Latency of a list of 20 tasks for one client in ms: median and maximum.

{table}"""


def _memberships(results: Results) -> Iterable[str]:
    for kind, lists in (results.at("memberships") or {}).items():
        numbers = next(iter(lists.values())).keys()
        rows = [
            [name, *(_number(times[number]["median"]) for number in numbers)]
            for name, times in lists.items()
        ]
        table = _table(["list", *(f"{number} projects" for number in numbers)], rows)
        yield f"""## Lists over several projects, {TITLES[kind]}

Latency of a list of 20 tasks for one client in ms: median.

{table}"""


def _login_burst(results: Results) -> Iterable[str]:
    rows = []
    for kind, servers in (results.at("login_burst") or {}).items():
        for name, found in servers.items():
            for mode, title in BURST_TITLES.items():
                reads = found[mode]
                logins = reads.get("logins", {})
                statuses = ", ".join(f"{n} x {status}" for status, n in logins.items())
                numbers = _number(reads["rate"]), _number(reads["p99"])
                rows.append([TITLES[kind], name, title, *numbers, statuses])
    if rows:
        head = ["", "server", "logins", "reads per second", "p99 in ms", "statuses"]
        yield f"""## Login burst

32 clients log in again and again while 8 connections read tasks.

{_table(head, rows)}"""


def _memory(results: Results) -> Iterable[str]:
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


def _soak(results: Results) -> Iterable[str]:
    for kind, found in (results.at("soak") or {}).items():
        first, last = found["first"]["rss"], found["last"]["rss"]
        yield f"""## Soak, {TITLES[kind]}

{found["minutes"]:g} minutes of mixed load at 64 connections: {found["requests"]:,.0f}
requests, {found["errors"]:.0f} errors, {found["rejected"]:.0f} rejected. RSS was
{first:.0f} MB after a minute, or half of the time, and {last:.0f} MB at the end."""


def _noise(results: Results) -> Iterable[str]:
    rows = []
    for kind, servers in (results.at("main") or {}).items():
        for name, operations in servers.items():
            slices = [
                one
                for numbers in operations.values()
                for rounds in numbers.values()
                for one in rounds
            ]
            rows.append([TITLES[kind], name, *_noise_of(slices)])
    if rows:
        head = ["", "server", "slices", "repeated", f"foreign > {MAX_FOREIGN_LOAD:.0%}"]
        head += ["highest foreign load", "unbalanced tries", "unbalanced results"]
        yield "## Other load on the machine\n\n" + _table(head, rows)


def _noise_of(slices: Sequence[dict[str, float]]) -> list[str]:
    return [
        str(len(slices)),
        str(sum(one["tries"] > 1 for one in slices)),
        str(sum(one["foreign"] > MAX_FOREIGN_LOAD for one in slices)),
        f"{max(one['foreign'] for one in slices):.0%}",
        f"{sum(one['unbalanced_tries'] for one in slices):.0f}",
        str(sum(one["balance"] >= MAX_WORKER_SHARE for one in slices)),
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _number(value: float | None) -> str:
    """Format a number with three significant digits."""
    if value is None:
        return MISSING
    size = abs(value)
    return f"{value:,.{0 if size >= 100 else 1 if size >= 10 else 2}f}"
