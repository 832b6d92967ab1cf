"""Run the cluster: `python -m tests.cluster` (`--direct` without PgBouncer)."""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.cluster.cluster import Cluster
from tests.cluster.faults import PHASES, reload_instances, restart_instances
from tests.helpers import slow_clients as slow
from tests.helpers.outcomes import Phase, balance, outcome

SECONDS_TO_LOOK = 4
FIGURE = 10_000
DAWDLERS = 1_000
PROBES = 100
NO_LOGS = shutil.ignore_patterns("data", "*.pem", "userlist.txt", "password")


def main() -> int:
    """Start everything, kill one part after the other, say what clients saw."""
    wanted = _arguments()
    with tempfile.TemporaryDirectory(prefix="cluster-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # parts run as nobody
        cluster = Cluster(folder, direct=wanted.direct)
        try:
            phases = [_restart_often, _reload_often] if wanted.rolling else PHASES
            seen = [_watch(phase, cluster) for phase in phases]
            _dawdle(cluster)
            return _conclude(cluster, seen)
        finally:
            cluster.running.close()
            if wanted.logs:
                shutil.copytree(folder, wanted.logs, ignore=NO_LOGS, dirs_exist_ok=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.cluster", description=__doc__)
    parser.add_argument("--logs", type=Path, help="copy the logs of all parts there")
    parser.add_argument("--direct", action="store_true", help="without PgBouncer")
    parser.add_argument(
        "--rolling",
        action="store_true",
        help=f"only restart and reload instances, for {FIGURE} requests each",
    )
    return parser.parse_args()


def _restart_often(cluster: Cluster) -> None:
    """Restart instances in turn, again and again."""
    _repeat(restart_instances, cluster)


def _reload_often(cluster: Cluster) -> None:
    """Reload instances in turn, again and again."""
    _repeat(reload_instances, cluster)


def _repeat(act: Callable[[Cluster], None], cluster: Cluster) -> None:
    enough = len(cluster.crowd.seen) + FIGURE
    while len(cluster.crowd.seen) < enough:
        act(cluster)


def _watch(act: Callable[[Cluster], None], cluster: Cluster) -> int:
    began = time.monotonic()
    act(cluster)
    mended = time.monotonic()
    time.sleep(SECONDS_TO_LOOK)
    phase = Phase(str(act.__doc__).removesuffix("."), began, mended, time.monotonic())
    found = outcome(phase, list(cluster.crowd.seen))
    sys.stdout.write(f"{found}\n")
    sys.stdout.flush()
    return found.impolite


def _dawdle(cluster: Cluster) -> None:
    cluster.crowd.stop()
    seconds = slow.run(cluster.nginx.port, cluster.nginx.certificate, DAWDLERS, PROBES)
    p99 = seconds[len(seconds) * 99 // 100]
    sys.stdout.write(f"{DAWDLERS} slow clients\n    probe p99 {p99 * 1000:.0f} ms\n")


def _conclude(cluster: Cluster, impolite: list[int]) -> int:
    titles = [str(title) for (title,) in cluster.holder.ask("SELECT title FROM tasks")]
    lost, doubled = balance(cluster.crowd.acknowledged, titles)
    sys.stdout.write(
        f"{len(cluster.crowd.acknowledged)} writes acknowledged, {lost} lost, "
        f"{doubled} doubled; {sum(impolite)} answers that were not promised\n"
    )
    return int(bool(lost or doubled or sum(impolite)))


if __name__ == "__main__":
    sys.exit(main())
