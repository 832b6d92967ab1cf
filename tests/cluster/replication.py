"""Two real PostgreSQL servers, of which one follows the other."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.helpers.postgresql import Postgres
from tests.helpers.programs import wait_until

CONNECTED = "SELECT pid FROM pg_stat_activity WHERE application_name = 'taskapi'"
PAUSED = "SELECT pg_get_wal_replay_pause_state()"


class Pair(NamedTuple):
    """A primary, and the replica that streams from it."""

    primary: Postgres
    replica: Postgres

    def agree(self) -> None:
        """Return when the replica shows all that the primary has."""
        self._wait_for("pg_last_wal_replay_lsn()")

    def deliver(self) -> None:
        """Return when the replica has all that the primary has, shown or not."""
        self._wait_for("pg_last_wal_receive_lsn()")

    def _wait_for(self, progress: str) -> None:
        ((position,),) = self.primary.ask("SELECT pg_current_wal_lsn()")
        there = f"SELECT {progress} >= '{position}'"
        wait_until(lambda: self.replica.ask(there) == [(True,)])

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Let the replica receive and not show what the primary writes."""
        self.agree()
        self.replica.ask("SELECT pg_wal_replay_pause()")
        wait_until(lambda: self.replica.ask(PAUSED) == [("paused",)])
        try:
            yield
        finally:
            self.replica.ask("SELECT pg_wal_replay_resume()")
        self.agree()

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Let the replica receive nothing."""
        self.agree()
        ((source,),) = self.replica.ask("SHOW primary_conninfo")
        self._follow("")
        try:
            yield
        finally:
            self._follow(str(source))
        self.agree()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let the replica answer nobody who is connected."""
        pids = [int(str(pid)) for (pid,) in self.replica.ask(CONNECTED)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def _follow(self, source: str) -> None:
        quoted = source.replace("'", "''")
        self.replica.ask(f"ALTER SYSTEM SET primary_conninfo = '{quoted}'")
        self.replica.ask("SELECT pg_reload_conf()")
        streams = "SELECT count(*) FROM pg_stat_wal_receiver"
        wait_until(lambda: self.replica.ask(streams) == [(int(bool(source)),)])


@contextmanager
def following(folder: Path) -> Iterator[Pair]:
    """Start them, and end them."""
    with ExitStack() as running:
        primary = Postgres.primary(folder)
        running.callback(primary.kill)
        replica = primary.follow("replica")
        running.callback(replica.kill)
        yield Pair(primary, replica)
