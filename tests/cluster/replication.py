"""Two PostgreSQL servers: a primary and its streaming replica."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.helpers.postgresql import Postgres
from tests.helpers.programs import wait_until

BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'taskapi'"
PAUSE_STATE = "SELECT pg_get_wal_replay_pause_state()"
RECEIVERS = "SELECT count(*) FROM pg_stat_wal_receiver"


class Pair(NamedTuple):
    """A primary and its replica."""

    primary: Postgres
    replica: Postgres

    def wait_for_replay(self) -> None:
        """Wait until the replica has applied all changes of the primary."""
        self._wait_for("pg_last_wal_replay_lsn()")

    def wait_for_delivery(self) -> None:
        """Wait until the replica has received all changes of the primary."""
        self._wait_for("pg_last_wal_receive_lsn()")

    def _wait_for(self, position: str) -> None:
        ((written,),) = self.primary.execute("SELECT pg_current_wal_lsn()")
        query = f"SELECT {position} >= '{written}'"
        wait_until(lambda: self.replica.execute(query) == [(True,)])

    @contextmanager
    def paused_replay(self) -> Iterator[None]:
        """Let the replica receive changes without applying them."""
        self.wait_for_replay()
        self.replica.execute("SELECT pg_wal_replay_pause()")
        wait_until(lambda: self.replica.execute(PAUSE_STATE) == [("paused",)])
        try:
            yield
        finally:
            self.replica.execute("SELECT pg_wal_replay_resume()")
        self.wait_for_replay()

    @contextmanager
    def disconnected_replica(self) -> Iterator[None]:
        """Disconnect the replica from the primary."""
        self.wait_for_replay()
        ((source,),) = self.replica.execute("SHOW primary_conninfo")
        self._set_source("")
        try:
            yield
        finally:
            self._set_source(str(source))
        self.wait_for_replay()

    @contextmanager
    def frozen_replica(self) -> Iterator[None]:
        """Freeze the backends of open connections to the replica."""
        pids = [int(str(pid)) for (pid,) in self.replica.execute(BACKENDS)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def _set_source(self, source: str) -> None:
        quoted = source.replace("'", "''")
        self.replica.execute(f"ALTER SYSTEM SET primary_conninfo = '{quoted}'")
        self.replica.execute("SELECT pg_reload_conf()")
        expected = [(int(bool(source)),)]
        wait_until(lambda: self.replica.execute(RECEIVERS) == expected)


@contextmanager
def replicated_servers(folder: Path) -> Iterator[Pair]:
    """Start a primary and a replica, and kill them at the end."""
    with ExitStack() as running:
        primary = Postgres.primary(folder)
        running.callback(primary.kill)
        replica = primary.create_replica("replica")
        running.callback(replica.kill)
        yield Pair(primary, replica)
