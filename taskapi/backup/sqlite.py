"""Backup and restore of SQLite by its online backup."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from taskapi import db
from taskapi.console import CommandError, progress_bar

PAGES = 250
"""Pages copied in one step, between which the progress bar is updated."""

WAIT_SECONDS = 10
READ_ONLY = "mode=ro&immutable=1"
"""For files that no process changes; creates no -wal and -shm files next to them."""

READ_WRITE = "mode=rw"


def copy(target: Path) -> str:
    """Copy the database as of now into a file; return its schema revision."""
    with (
        _open(_database_file(), READ_WRITE) as source,
        _open(target, READ_WRITE) as copied,
    ):
        # One read transaction gives one snapshot. Without it, each write of another
        # process between two steps would restart the online backup.
        source.execute("BEGIN")
        _count_tables(source)
        copied.execute("PRAGMA journal_mode=OFF")
        copied.execute("PRAGMA synchronous=OFF")
        _copy_pages(source, copied, "Backing up")
    with _open(target, READ_WRITE) as copied:
        # One file, without -wal and -shm
        copied.execute("PRAGMA journal_mode=DELETE")
    return check(target)


def check(file: Path) -> str:
    """Return the schema revision of a complete backup, or "" without one.

    Raises CommandError if the file is damaged or in use.
    """
    if _size(_sibling(file, "-wal")):
        raise CommandError(
            f"{file} is a database in use. Create a backup of it by `flask backup`."
        )
    try:
        with _open(file, READ_ONLY) as backup:
            (result,) = backup.execute("PRAGMA integrity_check(1)").fetchone()
            size, pages = _pragma(backup, "page_size"), _pragma(backup, "page_count")
            if result == "ok" and size * pages == _size(file):
                return _revision(backup)
    except sqlite3.DatabaseError as error:
        result = str(error)
    cause = "its end is missing" if result == "ok" else " ".join(result.split())
    raise CommandError(f"{file} is damaged: {cause}.")


def restore(file: Path, *, without: Collection[str]) -> None:
    """Fill the empty database in one transaction, completely or not at all.

    The online backup writes into the existing file, so that a running service that
    waits for its tables finds them, and SQLite rolls back after a crash. The tables in
    `without` are emptied first, in a copy next to the database: deleting their rows
    afterwards would leave them valid if the process ends in between.
    """
    database = _database_file()
    _check_empty(database)
    with ExitStack() as created:
        if not database.exists():
            database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            database.touch(mode=0o600)
            for path in (database, _sibling(database, "-journal")):
                created.callback(path.unlink, missing_ok=True)
        with (
            _without_rows(file, database.parent, without) as prepared,
            _open(prepared, READ_ONLY) as source,
            _open(database, READ_WRITE) as target,
        ):
            _copy_pages(source, target, "Restoring")
        created.pop_all()


@contextmanager
def _without_rows(file: Path, folder: Path, tables: Collection[str]) -> Iterator[Path]:
    """Yield a private copy of a backup in which some tables are empty."""
    with TemporaryDirectory(dir=folder, prefix=".restore.") as private:
        path = Path(private, "copy")
        path.touch(mode=0o600)
        with _open(file, READ_ONLY) as source, _open(path, READ_WRITE) as target:
            target.execute("PRAGMA synchronous=OFF")
            _copy_pages(source, target, "Preparing")
            for name in tables:
                target.execute(f"DELETE FROM {name}")  # noqa: S608 - constant names
        yield path


def _check_empty(database: Path) -> None:
    if _size(database):
        with _open(database, READ_WRITE) as existing:
            tables = _count_tables(existing)
        if tables:
            raise CommandError(
                f"{database} is not empty: it has {tables} tables. Move it away, or "
                "name another file in DATABASE_URL."
            )
        return
    for path in (_sibling(database, "-wal"), _sibling(database, "-journal")):
        if _size(path):
            raise CommandError(
                f"{path} belongs to a database file that was removed. Move it away."
            )


def _copy_pages(
    source: sqlite3.Connection, target: sqlite3.Connection, label: str
) -> None:
    with progress_bar(label, _pragma(source, "page_count")) as bar:

        def update(_status: int, remaining: int, total: int) -> None:
            bar.update(total - remaining - bar.pos)

        source.backup(target, pages=PAGES, progress=update)


def _revision(backup: sqlite3.Connection) -> str:
    query = "SELECT name FROM sqlite_master WHERE name = 'alembic_version'"
    rows = backup.execute(query).fetchall()
    rows = rows and backup.execute("SELECT version_num FROM alembic_version").fetchall()
    return str(rows[0][0]) if rows else ""


def _count_tables(connection: sqlite3.Connection) -> int:
    query = "SELECT count(*) FROM sqlite_master WHERE type = 'table'"
    (number,) = connection.execute(query).fetchone()
    return int(number)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (number,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(number)


@contextmanager
def _open(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Connect to an existing file in autocommit mode."""
    uri = f"{path.resolve(strict=True).as_uri()}?{mode}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=WAIT_SECONDS, isolation_level=None
    )
    with closing(connection):
        yield connection


def _database_file() -> Path:
    return Path(str(db.database.engine.url.database))


def _sibling(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
