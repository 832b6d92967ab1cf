"""PgBouncer as it is shipped, and a Redis that keeps nothing."""

import signal
import socket
from pathlib import Path

import psycopg

from tests.helpers.postgresql import PHRASE, Postgres
from tests.helpers.programs import ROOT, Program, find, free_port, own

SHIPPED = ROOT / "deploy" / "pgbouncer.ini"


class PgBouncer:
    """The shipped configuration in front of one server; paths and ports differ."""

    def __init__(self, folder: Path, server: Postgres) -> None:
        self.port = free_port()
        self.users, self.file = folder / "userlist.txt", folder / "pgbouncer.ini"
        self.users.write_text(f'"taskapi" "{PHRASE}"\n')
        self._write(server)
        words = [find("pgbouncer", "pgbouncer"), str(self.file)]
        self.program = Program("pgbouncer", words, folder, as_nobody=True)
        self.program.wait(self.answers)

    def point_to(self, server: Postgres) -> None:
        """Let it lead to another server, as an operator does after a promotion."""
        self._write(server)
        self.program.tell(signal.SIGHUP)

    def address(self) -> str:
        """Return the URL of the database behind it."""
        return f"postgresql://taskapi:{PHRASE}@127.0.0.1:{self.port}/taskapi"

    def answers(self) -> bool:
        """Tell whether it lets one through to the server."""
        try:
            with psycopg.connect(self.address(), prepare_threshold=None) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False

    def _write(self, server: Postgres) -> None:
        changes = {
            "port=5432": f"port={server.port}",
            "listen_port = 6432": f"listen_port = {self.port}",
            "/etc/pgbouncer/userlist.txt": str(self.users),
        }
        text = SHIPPED.read_text()
        for shipped, ours in changes.items():
            text = text.replace(shipped, ours)
        self.file.write_text(text)


class Redis:
    """A Redis for shared limits."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        where = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", ""]
        files = ["--dir", str(own(folder / "redis"))]
        words = [find("redis-server", "redis-server"), *where, *files]
        self.program = Program("redis", words, folder, as_nobody=True)
        self.program.wait(self.answers)

    def answers(self) -> bool:
        """Tell whether it says PONG."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
