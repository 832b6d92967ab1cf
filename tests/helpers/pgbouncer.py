"""PgBouncer with the shipped configuration; only paths and ports differ."""

import signal
from pathlib import Path

import psycopg

from tests.helpers.postgresql import PASSWORD, Postgres
from tests.helpers.programs import ROOT, Program, find_program, free_port

CONFIGURATION = ROOT / "deploy" / "pgbouncer.ini"


class PgBouncer:
    """A connection pool in front of one PostgreSQL server."""

    def __init__(self, folder: Path, server: Postgres) -> None:
        self.port = free_port()
        self.users, self.file = folder / "userlist.txt", folder / "pgbouncer.ini"
        self.users.write_text(f'"taskapi" "{PASSWORD}"\n')
        self._configure(server)
        command = [find_program("pgbouncer", "pgbouncer"), str(self.file)]
        self.program = Program("pgbouncer", command, folder, unprivileged=True)
        self.program.wait(self.is_ready)

    def use_server(self, server: Postgres) -> None:
        """Reload with another server, as an operator does after a promotion."""
        self._configure(server)
        self.program.send_signal(signal.SIGHUP)

    def url(self) -> str:
        """Return the URL of the database behind it."""
        return f"postgresql://taskapi:{PASSWORD}@127.0.0.1:{self.port}/taskapi"

    def is_ready(self) -> bool:
        """Return whether the server responds through it."""
        try:
            with psycopg.connect(self.url(), prepare_threshold=None) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False

    def _configure(self, server: Postgres) -> None:
        changes = {
            "port=5432": f"port={server.port}",
            "listen_port = 6432": f"listen_port = {self.port}",
            "/etc/pgbouncer/userlist.txt": str(self.users),
        }
        text = CONFIGURATION.read_text()
        for shipped, changed in changes.items():
            text = text.replace(shipped, changed)
        self.file.write_text(text)
