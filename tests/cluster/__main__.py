"""Kill the parts of a cluster one at a time while clients write.

`python -m tests.cluster` prints what the clients experience. The exit status is 1 if an
acknowledged write is lost or doubled, or a request fails other than by a 503 with
Retry-After. Programs come from Debian (nginx-light, pgbouncer, redis-server);
PostgreSQL comes from the wheel of the tests.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.cluster.cluster import Cluster
from tests.helpers.outcomes import Phase, count_lost_and_doubled, summarize

SECONDS_TO_OBSERVE = 4
SECONDS_BETWEEN_RESTARTS = 5
SECONDS_WITHOUT_PART = 2


def run_undisturbed(_cluster: Cluster) -> None:
    """Do nothing."""


def restart_instances(cluster: Cluster) -> None:
    """Restart both instances in turn."""
    for instance in cluster.instances:
        instance.restart()
        time.sleep(SECONDS_BETWEEN_RESTARTS)


def reload_instances(cluster: Cluster) -> None:
    """Reload both instances in turn."""
    for instance in cluster.instances:
        instance.reload()


def kill_instance(cluster: Cluster) -> None:
    """Kill an instance, and start it."""
    instance = cluster.instances[0]
    _interrupt(instance.program.kill, instance.program.start)
    instance.wait()


def kill_redis(cluster: Cluster) -> None:
    """Kill Redis, and start it."""
    _interrupt(cluster.redis.kill, cluster.redis.start)


def kill_pgbouncer(cluster: Cluster) -> None:
    """Kill PgBouncer, and start it."""
    _interrupt(cluster.pgbouncer.program.kill, cluster.pgbouncer.program.start)


def kill_replica(cluster: Cluster) -> None:
    """Kill the replica, let the primary commit without it, and start it."""
    primary = cluster.primary
    _interrupt(cluster.replica.kill, lambda: primary.set_synchronous(enabled=False))
    cluster.replica.start()
    primary.set_synchronous(enabled=True)


def kill_primary(cluster: Cluster) -> None:
    """Kill the primary, and start it."""
    _interrupt(cluster.primary.kill, cluster.primary.start)


def fail_over(cluster: Cluster) -> None:
    """Kill the primary, and promote the replica."""
    _interrupt(cluster.primary.kill, cluster.fail_over)


STEPS = [
    run_undisturbed,
    restart_instances,
    reload_instances,
    kill_instance,
    kill_redis,
    kill_pgbouncer,
    kill_replica,
    kill_primary,
    fail_over,
]


def main() -> int:
    """Start the cluster, carry out the steps and compare the writes."""
    argparse.ArgumentParser(prog="tests.cluster", description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="cluster-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL, PgBouncer and Redis refuse to run as root
        cluster = Cluster(folder)
        try:
            unexpected = sum(_observe(step, cluster) for step in STEPS)
            return _compare_writes(cluster, unexpected)
        finally:
            cluster.stop()


def _interrupt(kill: Callable[[], object], repair: Callable[[], object]) -> None:
    kill()
    time.sleep(SECONDS_WITHOUT_PART)
    repair()


def _observe(step: Callable[[Cluster], None], cluster: Cluster) -> int:
    """Carry out a step, print its outcome and return the unexpected failures."""
    start = time.monotonic()
    step(cluster)
    repaired = time.monotonic()
    time.sleep(SECONDS_TO_OBSERVE)
    name = str(step.__doc__).removesuffix(".")
    phase = Phase(name, start, repaired, time.monotonic())
    outcome = summarize(phase, list(cluster.writers.results))
    sys.stdout.write(f"{outcome}\n")
    sys.stdout.flush()
    return outcome.unexpected


def _compare_writes(cluster: Cluster, unexpected: int) -> int:
    cluster.writers.stop()
    rows = cluster.writable.execute("SELECT title FROM tasks")
    acknowledged = cluster.writers.acknowledged
    lost, doubled = count_lost_and_doubled(acknowledged, [str(row[0]) for row in rows])
    sys.stdout.write(
        f"{len(acknowledged)} writes acknowledged, {lost} lost, {doubled} doubled; "
        f"{unexpected} unexpected failures\n"
    )
    return int(bool(lost or doubled or unexpected))


if __name__ == "__main__":
    sys.exit(main())
