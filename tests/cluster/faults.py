"""What is done to the cluster while clients work, one thing after the other."""

import time
from collections.abc import Callable

from tests.cluster.cluster import Cluster

SECONDS_APART = 5
SECONDS_AWAY = 2


def rest(_cluster: Cluster) -> None:
    """Do nothing."""


def restart_instances(cluster: Cluster) -> None:
    """Restart both instances in turn."""
    for instance in cluster.instances:
        instance.restart()
        time.sleep(SECONDS_APART)


def reload_instances(cluster: Cluster) -> None:
    """Reload both instances in turn."""
    for instance in cluster.instances:
        instance.reload()


def kill_instance(cluster: Cluster) -> None:
    """Kill an instance, and start it."""
    _away(cluster.instances[0].program.kill, cluster.instances[0].program.start)
    cluster.instances[0].wait()


def kill_redis(cluster: Cluster) -> None:
    """Kill Redis, and start it."""
    _away(cluster.redis.program.kill, cluster.redis.program.start)


def kill_pgbouncer(cluster: Cluster) -> None:
    """Kill PgBouncer, and start it."""
    _away(cluster.pgbouncer.program.kill, cluster.pgbouncer.program.start)


def kill_replica(cluster: Cluster) -> None:
    """Kill the replica, tell the primary not to wait for it, start it."""
    _away(cluster.replica.kill, lambda: cluster.primary.confirm(by_replica=False))
    cluster.replica.start()
    cluster.primary.confirm(by_replica=True)


def restart_primary(cluster: Cluster) -> None:
    """Kill the primary, and start it."""
    _away(cluster.primary.kill, cluster.primary.start)


def promote(cluster: Cluster) -> None:
    """Kill the primary, and promote the replica."""
    _away(cluster.primary.kill, cluster.fail_over)


def _away(end: Callable[[], object], mend: Callable[[], object]) -> None:
    """Let clients be without something for two seconds."""
    end()
    time.sleep(SECONDS_AWAY)
    mend()


PHASES = [
    rest,
    restart_instances,
    reload_instances,
    kill_instance,
    kill_redis,
    kill_pgbouncer,
    kill_replica,
    restart_primary,
    promote,
]
