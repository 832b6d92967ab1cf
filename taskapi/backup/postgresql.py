"""PostgreSQL: copies by pg_dump and pg_restore, while others read and write."""

import os
import re
from collections.abc import Collection
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from sqlalchemy import text

from taskapi import db
from taskapi.backup import pg_tools
from taskapi.backup.pg_tools import Server, Task
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
REVISION = re.compile(r"^COPY \S*alembic_version .*\n(\w+)$", re.MULTILINE)


def copy(draft: Path) -> str:
    """Copy the database as it is at this moment; return the revision of its schema."""
    server = _server()
    words = ["--format=custom", "--no-password", "--lock-wait-timeout=30s", "--verbose"]
    program = pg_tools.find("pg_dump", server)
    task = Task("Backing up", server.tables)
    pg_tools.run([program, *words, "--file", draft], server, task)
    return check(draft)


def check(file: Path) -> str:
    """Return the revision of a copy that can be read to its end."""
    program = pg_tools.find("pg_restore", _server())
    pg_tools.read([program, "--file", os.devnull], file)
    only = ["--data-only", "--table=alembic_version", "--file=-"]
    found = REVISION.search(pg_tools.read([program, *only], file))
    return found[1] if found else ""


def restore(file: Path, *, without: Collection[str]) -> None:
    """Fill the empty database in one transaction, completely or not at all.

    The tables in `without` are created, and their rows left out.
    """
    server = _server()
    _refuse_full(server.tables)
    program = pg_tools.find("pg_restore", server)
    contents = _contents(pg_tools.read([program, "--list"], file), without)
    whole = ["--single-transaction", "--exit-on-error", "--no-password", "--verbose"]
    to = ["--dbname=", "--no-owner", "--no-privileges"]  # empty: what PGDATABASE says
    task = Task("Restoring", len(contents))
    with NamedTemporaryFile("w", encoding="utf-8") as chosen:
        chosen.write("\n".join(contents))
        chosen.flush()
        use = f"--use-list={chosen.name}"
        pg_tools.run([program, *whole, *to, use, file], server, task)


def _contents(listed: str, without: Collection[str]) -> list[str]:
    """Return the entries of a backup but for the rows of some tables."""
    rows = re.compile(rf"\d+; \d+ \d+ TABLE DATA \S+ ({'|'.join(without)}) ")
    entries = (line for line in listed.splitlines() if not line.startswith(";"))
    return [line for line in entries if line and not rows.match(line)]


def _server() -> Server:
    """Look at the server, and at how the engine reached it, password included."""
    with db.database.engine.connect() as connection:
        tables = connection.execute(TABLES).scalar_one()
        reached: Any = connection.connection.driver_connection
        major = reached.info.server_version // 10_000
        options = [o for o in reached.pgconn.info if o.envvar and o.val]
    return Server(major, {o.envvar.decode(): o.val.decode() for o in options}, tables)


def _refuse_full(tables: int) -> None:
    if tables:
        raise CommandError(
            f"The database is not empty: it has {tables} tables. "
            "Name an empty one in DATABASE_URL, such as one that createdb made."
        )
