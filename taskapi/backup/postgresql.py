"""Backup and restore of PostgreSQL by pg_dump and pg_restore."""

import os
import re
from collections.abc import Collection
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from sqlalchemy import text

from taskapi import db
from taskapi.backup import pg_tools
from taskapi.backup.pg_tools import Progress, Server
from taskapi.console import CommandError

TABLES = text(
    """
    SELECT count(*) FROM pg_class JOIN pg_namespace space ON space.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'f') AND nspname <> 'information_schema'
    AND nspname NOT LIKE 'pg\\_%' AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
    )
    """
)
"""Counts the tables of all schemas, except those of extensions."""

REVISION = re.compile(r"^COPY \S*alembic_version .*\n(\w+)$", re.MULTILINE)


def copy(target: Path) -> str:
    """Copy the database as of now into a file; return its schema revision."""
    server = _server()
    program = pg_tools.find_program("pg_dump", server)
    options = [
        "--format=custom",
        "--no-password",
        "--lock-wait-timeout=30s",
        "--verbose",
    ]
    command: list[str | Path] = [program, *options, "--file", target]
    pg_tools.run(command, server, Progress("Backing up", server.tables))
    return check(target)


def check(file: Path) -> str:
    """Read a backup to its end; return its schema revision, or "" without one."""
    program = pg_tools.find_program("pg_restore", _server())
    pg_tools.read([program, "--file", os.devnull], file)
    only = ["--data-only", "--table=alembic_version", "--file=-"]
    match = REVISION.search(pg_tools.read([program, *only], file))
    return match[1] if match else ""


def restore(file: Path, *, without: Collection[str]) -> None:
    """Fill the empty database in one transaction, completely or not at all.

    The tables in `without` are created without rows.
    """
    server = _server()
    _check_empty(server.tables)
    program = pg_tools.find_program("pg_restore", server)
    entries = _entries(pg_tools.read([program, "--list"], file), without)
    options = [
        "--single-transaction",
        "--exit-on-error",
        "--no-password",
        "--verbose",
        "--dbname=",  # empty: the one in the variable PGDATABASE
        "--no-owner",
        "--no-privileges",
    ]
    with NamedTemporaryFile("w", encoding="utf-8") as chosen:
        chosen.write("\n".join(entries))
        chosen.flush()
        use_list = f"--use-list={chosen.name}"
        command: list[str | Path] = [program, *options, use_list, file]
        pg_tools.run(command, server, Progress("Restoring", len(entries)))


def _entries(listing: str, without: Collection[str]) -> list[str]:
    """Return the entries of a backup, except the rows of some tables."""
    rows = re.compile(rf"\d+; \d+ \d+ TABLE DATA \S+ ({'|'.join(without)}) ")
    entries = (line for line in listing.splitlines() if not line.startswith(";"))
    return [line for line in entries if line and not rows.match(line)]


def _server() -> Server:
    """Describe the server, with the connection parameters of the engine."""
    with db.database.engine.connect() as connection:
        tables = connection.execute(TABLES).scalar_one()
        psycopg_connection: Any = connection.connection.driver_connection
        major = psycopg_connection.info.server_version // 10_000
        options = [o for o in psycopg_connection.pgconn.info if o.envvar and o.val]
    return Server(major, {o.envvar.decode(): o.val.decode() for o in options}, tables)


def _check_empty(tables: int) -> None:
    if tables:
        raise CommandError(
            f"The database is not empty: it has {tables} tables. Name an empty one in "
            "DATABASE_URL, for example one that createdb created."
        )
