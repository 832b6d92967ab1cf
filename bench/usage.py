"""Who used the processors, and who holds memory: read from /proc."""

import os
import resource
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
BUSY = slice(0, 3), slice(5, 8)
"""Of a line in /proc/stat: user, nice, system; irq, softirq, steal."""


@dataclass(frozen=True)
class Reading:
    """Seconds of processor time that were used until now, by whom."""

    at: float
    busy: float
    server: dict[int, float]
    database: float
    generator: float


@dataclass(frozen=True)
class Use:
    """Seconds of processor time that were used between two readings."""

    seconds: float
    cores: int
    busy: float
    server: float
    workers: list[float]
    database: float
    generator: float

    @property
    def foreign(self) -> float:
        """The share of the machine that was used by others."""
        rest = self.busy - self.server - self.database - self.generator
        return max(0.0, rest) / (self.seconds * self.cores)

    @property
    def balance(self) -> float:
        """The share of the busiest worker, 1.0 when it did all the work alone."""
        return max(self.workers, default=0.0) / (sum(self.workers) or 1.0)


def tree(root: int | None) -> list[int]:
    """Return a process and all that descend from it."""
    if root is None or not (PROC / str(root)).exists():
        return []
    children: dict[int, list[int]] = {}
    for pid in _processes():
        children.setdefault(parent_of(pid), []).append(pid)
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def parent_of(pid: int) -> int:
    """Return the parent of a process, 0 when it is gone."""
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def seconds_of(pid: int) -> float:
    """Return the processor time of a process and of its children that have ended."""
    fields = _fields(pid)
    return sum(int(field) for field in fields[11:15]) / TICKS


def read(server: int | None, database: int | None) -> Reading:
    """Read all clocks; the servers are named by the roots of their trees."""
    own, children = (
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    generator = sum(use.ru_utime + use.ru_stime for use in (own, children))
    return Reading(
        time.monotonic(),
        _busy(),
        {pid: seconds_of(pid) for pid in tree(server)},
        sum(seconds_of(pid) for pid in tree(database)),
        generator,
    )


def between(before: Reading, after: Reading) -> Use:
    """Return what was used from one reading to another."""
    used = {pid: s - before.server.get(pid, 0.0) for pid, s in after.server.items()}
    master = next(iter(used), None)
    return Use(
        seconds=after.at - before.at,
        cores=len(os.sched_getaffinity(0)),
        busy=after.busy - before.busy,
        server=sum(used.values()),
        workers=[seconds for pid, seconds in used.items() if pid != master],
        database=after.database - before.database,
        generator=after.generator - before.generator,
    )


def memory(pids: Iterable[int]) -> dict[str, float]:
    """Return the memory of processes in MB: PSS shares what is shared, RSS does not."""
    totals = {"pss": 0.0, "rss": 0.0}
    for pid in pids:
        for line in _text(PROC / str(pid) / "smaps_rollup").splitlines():
            name, _, rest = line.partition(":")
            if name.lower() in totals:
                totals[name.lower()] += int(rest.split()[0]) / 1024
    return totals


def _busy() -> float:
    """Return for how long the processors that we may use were busy."""
    ours = {f"cpu{number}" for number in os.sched_getaffinity(0)}
    total = 0
    for line in _text(PROC / "stat").splitlines():
        name, *numbers = line.split()
        if name in ours:
            total += sum(int(n) for part in BUSY for n in numbers[part])
    return total / TICKS


def _processes() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _fields(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat behind the name, which may have spaces."""
    return _text(PROC / str(pid) / "stat").rpartition(")")[2].split()


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
