"""CPU time and memory of processes, read from /proc."""

import os
import resource
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
BUSY_FIELDS = slice(0, 3), slice(5, 8)
"""Fields of /proc/stat: user, nice, system; irq, softirq, steal."""


@dataclass(frozen=True)
class Reading:
    """CPU seconds since the start of the processes, at one time."""

    time: float
    busy: float
    server: dict[int, float]
    database: float
    generator: float


@dataclass(frozen=True)
class CpuUsage:
    """CPU seconds between two readings."""

    seconds: float
    cores: int
    busy: float
    server: float
    workers: list[float]
    database: float
    generator: float

    @property
    def foreign(self) -> float:
        """The share of the CPU time that other processes used."""
        rest = self.busy - self.server - self.database - self.generator
        return max(0.0, rest) / (self.seconds * self.cores)

    @property
    def balance(self) -> float:
        """The share of the busiest worker; 1.0 means that it did all the work."""
        return max(self.workers, default=0.0) / (sum(self.workers) or 1.0)


def tree(root: int | None) -> list[int]:
    """Return the ids of a process and of all its descendants."""
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
    """Return the id of the parent process, 0 if the process has ended."""
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def seconds_of(pid: int) -> float:
    """Return the CPU seconds of a process and of its children that have ended."""
    fields = _fields(pid)
    return sum(int(field) for field in fields[11:15]) / TICKS_PER_SECOND


def read(server: int | None, database: int | None) -> Reading:
    """Read all CPU times; arguments are the roots of the process trees."""
    own, children = (
        resource.getrusage(scope)
        for scope in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    generator = sum(used.ru_utime + used.ru_stime for used in (own, children))
    return Reading(
        time.monotonic(),
        _busy(),
        {pid: seconds_of(pid) for pid in tree(server)},
        sum(seconds_of(pid) for pid in tree(database)),
        generator,
    )


def between(before: Reading, after: Reading) -> CpuUsage:
    """Return the CPU time used between two readings."""
    used = {pid: s - before.server.get(pid, 0.0) for pid, s in after.server.items()}
    master = next(iter(used), None)
    return CpuUsage(
        seconds=after.time - before.time,
        cores=len(os.sched_getaffinity(0)),
        busy=after.busy - before.busy,
        server=sum(used.values()),
        workers=[seconds for pid, seconds in used.items() if pid != master],
        database=after.database - before.database,
        generator=after.generator - before.generator,
    )


def memory(pids: Iterable[int]) -> dict[str, float]:
    """Return PSS (shared pages are divided among processes) and RSS in MB."""
    totals = {"pss": 0.0, "rss": 0.0}
    for pid in pids:
        for line in _text(PROC / str(pid) / "smaps_rollup").splitlines():
            name, _, rest = line.partition(":")
            if name.lower() in totals:
                totals[name.lower()] += int(rest.split()[0]) / 1024
    return totals


def _busy() -> float:
    """Return the busy seconds of the CPUs that this process may use."""
    allowed = {f"cpu{number}" for number in os.sched_getaffinity(0)}
    total = 0
    for line in _text(PROC / "stat").splitlines():
        name, *numbers = line.split()
        if name in allowed:
            total += sum(int(n) for part in BUSY_FIELDS for n in numbers[part])
    return total / TICKS_PER_SECOND


def _processes() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _fields(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat after the name, which may have spaces."""
    return _text(PROC / str(pid) / "stat").rpartition(")")[2].split()


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
